// Writes JSON, in one line.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace memsweep {

/// Values in the order in which they are nested, as PickleWriter takes them. Bytes of texts that are not
/// UTF-8 are replaced.
class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin_list() { begin('['); }
  void end_list() { end(']'); }
  void begin_dictionary() { begin('{'); }
  void end_dictionary() { end('}'); }
  void key(std::string_view name) {
    separate();
    write(std::string(name));
    out_ << ':';
    after_key_ = true;
  }
  void text(std::string_view value) { scalar(std::string(value)); }
  void natural(std::uint64_t value) { scalar(value); }
  void integer(std::int64_t value) { scalar(value); }
  void real(double value) { scalar(value); }
  void boolean(bool value) { scalar(value); }
  void pair(std::uint64_t first, std::uint64_t second) {
    begin_list();
    natural(first);
    natural(second);
    end_list();
  }
  void finish() { out_ << '\n'; }

 private:
  void begin(char bracket) {
    separate();
    out_ << bracket;
    is_first_.push_back(true);
  }
  void end(char bracket) {
    out_ << bracket;
    is_first_.pop_back();
  }
  void scalar(const nlohmann::json& value) {
    separate();
    write(value);
  }
  void write(const nlohmann::json& value) {
    out_ << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  void separate() {
    if (after_key_ || is_first_.empty()) {
      after_key_ = false;
      return;
    }
    if (!is_first_.back()) out_ << ',';
    is_first_.back() = false;
  }

  std::ostream& out_;
  std::vector<bool> is_first_;  // by open list or dictionary: nothing stands in it yet
  bool after_key_ = false;
};

}  // namespace memsweep
