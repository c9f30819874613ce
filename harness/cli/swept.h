// The part of a command that a sweep changes: its name, and which numbers it is to be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memsweep {

struct Swept {
  std::string name;
  std::int64_t lowest = 0, highest = 0;  // a boundary is searched between them
  std::vector<std::int64_t> values;      // or each of these is tried
};

/// "batch=1:4096", or a list after the sign as parse_batches() reads it: "batch=64,128", "batch=64:4096:x2".
/// Throws UsageError.
[[nodiscard]] Swept parse_swept(const std::string& text);

using Command = std::vector<std::string>;

/// `command` with `value` wherever an argument has "{name}".
[[nodiscard]] Command substitute(const Command& command, const std::string& name, std::int64_t value);

/// Throws UsageError unless `command` has a place for `swept`, and none for anything else. Null: no sweep.
void expect_places(const Command& command, const Swept* swept);

}  // namespace memsweep
