// What differs between two results, for people: judged, in a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memsweep {

/// In the order in which people want to read them.
enum class Judgement : std::uint8_t {
  worse,
  changed,  // what has to stay as it is did not, and neither direction is the good one
  better,
  cannot_tell,  // the difference may be noise
};

struct Change {
  Judgement judgement;
  std::string what;
  std::string base;
  std::string next;
  std::string difference{};
  std::string because{};
};

/// A table for each judgement, long lists cut short and said to be so; empty where nothing changed.
[[nodiscard]] std::string format_changes(std::vector<Change> changes);

}  // namespace memsweep
