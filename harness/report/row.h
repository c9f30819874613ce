// One row of results, a trial, and the columns in which it is written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness/report/column.h"
#include "harness/sweep/trial.h"

namespace memsweep {

/// Why a trial was run; one that serves two ends carries the first.
enum class Purpose : std::uint8_t {
  boundary,  // a probe of the search for the largest batch
  common,    // at the batch that fits under every variant, where times can be compared
  grid,      // at a batch that the user named
};

struct Row {
  // What was tried.
  std::string scenario;
  std::string variant;
  std::string model;
  std::string precision;
  std::string optimizer;
  std::string device;
  std::int64_t batch = 0;
  Purpose purpose = Purpose::boundary;
  // What came of it.
  TrialResult result;

  /// Samples of the batch that are trained on per second; 0 where no time was taken.
  [[nodiscard]] double samples_per_second() const;
  /// Whether its times come from a profile, not from a clock.
  [[nodiscard]] bool modelled() const { return device.starts_with("sim:"); }
};

/// Null if there is none.
[[nodiscard]] const Row* find_row(std::span<const Row> rows, std::string_view scenario,
                                  std::string_view variant, std::int64_t batch);

template <>
[[nodiscard]] std::span<const Column<Row>> columns<Row>();

}  // namespace memsweep
