#include "harness/trace/rmm_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/memory/size_rules.h"
#include "harness/trace/overlap.h"

namespace memsweep {
namespace {

constexpr std::size_t kLongestLine = 4096;
using RmmColumns = std::array<std::string_view, 6>;

std::string_view without_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<RmmColumns> split(std::string_view line) {
  RmmColumns columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == line.npos) != (i + 1 == columns.size())) return std::nullopt;
    columns[i] = line.substr(0, comma);
    line.remove_prefix(std::min(line.size(), columns[i].size() + 1));
  }
  return columns;
}

/// As printf's %p and a stream of C++ print one: 0x..., (nil), 0, and hexadecimal without 0x on some
/// platforms.
std::optional<std::uint64_t> parse_pointer(std::string_view text) {
  if (text == "(nil)") return 0;
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && rest == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Hours, minutes and seconds of a day, as microseconds.
std::optional<std::int64_t> parse_time(std::string_view text) {
  double seconds = 0;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::optional<double> part = parse_number<double>(text.substr(0, colon));
    if (!part || !(*part >= 0)) return std::nullopt;
    seconds = seconds * 60 + *part;
    if (seconds > 1e12) return std::nullopt;
    if (colon == text.npos) return static_cast<std::int64_t>(seconds * 1e6 + 0.5);
    text.remove_prefix(colon + 1);
  }
}

class RmmLog {
 public:
  explicit RmmLog(Input& input) : input_(input) { recording_.source = "RMM log"; }

  Recording read() {
    std::string line;
    while (input_.line(line, kLongestLine)) {
      ++line_;
      const std::string_view text = without_carriage_return(line);
      if (line_ == 1) {
        if (text != kRmmHeader) fail(fmt::format("the header of an RMM log is {}", kRmmHeader));
      } else if (!text.empty()) {
        read_line(text);
      }
    }
    return std::move(recording_);
  }

 private:
  struct Block {
    std::size_t bytes = 0;
    Stream stream = 0;
  };

  [[noreturn]] void fail(std::string_view sentence) const {
    throw UsageError(fmt::format("{}, line {}: {}", input_.name(), line_, sentence));
  }

  template <typename Number>
  [[nodiscard]] Number require(std::optional<Number> number, std::string_view what,
                               std::string_view text) const {
    if (!number) fail(fmt::format("'{}' is no {}", text, what));
    return *number;
  }

  void read_line(std::string_view line) {
    const std::optional<RmmColumns> columns = split(line);
    if (!columns)
      fail(fmt::format("there are not {} columns, as in {}", std::tuple_size_v<RmmColumns>, kRmmHeader));
    const auto& [thread, time, action, pointer, size, stream] = *columns;
    Event event;
    event.time_us = require(parse_time(time), "time of day", time);
    event.address = require(parse_pointer(pointer), "pointer", pointer);
    event.size = require(parse_number<std::uint64_t>(size), "number of bytes", size);
    event.stream = require(parse_pointer(stream), "stream", stream);
    if (event.stream >> 63 != 0) fail(fmt::format("'{}' is no stream: those are below 2^63", stream));
    if (action == "allocate") {
      allocate(event);
    } else if (action == "free" || action == "deallocate") {
      free(event);
    } else if (action == "allocate failure" || action == "failure") {
      event.address = 0;
      add(event, Action::oom);
    } else {
      fail(fmt::format("'{}' is no action: allocate, free and allocate failure are", action));
    }
  }

  void allocate(const Event& event) {
    if (event.address == 0 || event.size == 0) return;
    if (event.size >= kAbsurd || event.address > kAbsurd - event.size) {
      fail(fmt::format("allocates {} bytes at {:#x}: there is no memory beyond 2^60", event.size,
                       event.address));
    }
    require_free(event);
    live_[event.address] = {event.size, event.stream};
    add(event, Action::alloc);
  }

  void require_free(const Event& event) const {
    const auto* taken = overlapping(live_, event.address, event.size, [](const Block& b) { return b.bytes; });
    if (taken == nullptr) return;
    fail(fmt::format("allocates {} bytes at {:#x}, where {} at {:#x} are not free", event.size, event.address,
                     taken->second.bytes, taken->first));
  }

  /// By the stream that allocated, as PyTorch writes it.
  void free(Event event) {
    if (event.address == 0 || event.size == 0) return;
    const auto found = live_.find(event.address);
    if (found == live_.end()) fail(fmt::format("frees {:#x}, which is not allocated", event.address));
    if (found->second.bytes != event.size) {
      fail(fmt::format("frees {} bytes at {:#x}, where {} were allocated", event.size, event.address,
                       found->second.bytes));
    }
    event.stream = found->second.stream;
    live_.erase(found);
    add(event, Action::free_requested);
    add(event, Action::free_completed);
  }

  void add(Event event, Action action) {
    event.action = action;
    recording_.events.push_back(event);
  }

  Input& input_;
  std::size_t line_ = 0;
  std::map<Address, Block> live_;
  Recording recording_;
};

}  // namespace

Recording read_rmm_log(Input& input) { return RmmLog(input).read(); }

}  // namespace memsweep
