// Writes pickles of protocol 2, of data only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/trace/pickle_opcodes.h"

namespace memsweep {

/// Values in the order in which they are nested, as JsonWriter takes them. Keeps within what PyTorch's viewer
/// reads: no opcode newer than protocol 2, integers of at most 8 bytes, at most 1000 items at a time.
class PickleWriter {
 public:
  explicit PickleWriter(std::ostream& out);

  void begin_list();
  void end_list();
  void begin_dictionary();
  void end_dictionary();
  /// Each text is written once; all of them are kept until the end.
  void key(std::string_view name) { write_text(name); }
  void text(std::string_view value);
  /// Throws UsageError for 2^63 and more, which would take 9 bytes.
  void natural(std::uint64_t value);
  void integer(std::int64_t value);
  void real(double value);
  void boolean(bool value);
  void pair(std::uint64_t first, std::uint64_t second);
  void finish();

 private:
  struct Open {
    bool is_list = false;
    std::size_t batched = 0;  // items of a list behind the current mark
  };

  void before_value();
  void write_text(std::string_view value);
  void write_integer(std::int64_t value);
  void write_number(std::uint64_t value, int bytes);
  void opcode(Opcode code) { out_.put(static_cast<char>(code)); }

  std::ostream& out_;
  std::vector<Open> open_;
  std::unordered_map<std::string, std::uint32_t> memo_;
};

}  // namespace memsweep
