// What the search for the largest batch found: one row a variant, in a file of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "harness/report/column.h"

namespace memsweep {

struct BoundaryRow {
  std::string scenario;
  std::string variant;
  std::int64_t max_batch = 0;        // largest that fits; 0: none
  std::int64_t first_oom_batch = 0;  // smallest that does not; 0: none up to the search's limit
  std::int64_t predicted_batch = 0;  // largest that fits on the simulated device
  std::int64_t trials = 0;           // on the device
  std::int64_t ooms = 0;             // of them
  std::string holes{};               // see its column
  std::size_t fixed_bytes = 0;       // requested at the peak whatever the batch
  std::size_t sample_bytes = 0;      // requested at the peak besides, for each sample
  friend bool operator==(const BoundaryRow&, const BoundaryRow&) = default;
};

template <>
[[nodiscard]] std::span<const Column<BoundaryRow>> columns<BoundaryRow>();

/// Where they stand: results.csv -> results.boundaries.csv
[[nodiscard]] std::filesystem::path boundaries_path(const std::filesystem::path& csv);

}  // namespace memsweep
