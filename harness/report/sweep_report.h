// What a sweep of a command found, for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/row.h"

namespace memsweep {

/// What was looked for.
struct SweepQuestion {
  std::string name;          // of what is swept
  std::size_t capacity = 0;  // of the device, bytes
  std::int64_t lowest = 0;   // value that was to be tried
  std::int64_t highest = 0;  // the same
};

/// The largest value that fits, and the smallest above it that does not; null: there is none among `probes`.
struct SweepAnswer {
  const Row* largest = nullptr;
  const Row* refused = nullptr;
  std::vector<std::int64_t> holes;  // that do not fit either, though they are smaller
};
[[nodiscard]] SweepAnswer sweep_answer(std::span<const Row> probes);

/// A table of the probes by value, and what stands in the way of a larger one. `ended_early`: a sentence on
/// why not all was tried; else empty.
[[nodiscard]] std::string sweep_report(std::span<const Row> probes, const SweepQuestion& question,
                                       std::string_view ended_early);

}  // namespace memsweep
