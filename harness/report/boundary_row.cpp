#include "harness/report/boundary_row.h"

#include <vector>

#include "harness/report/field.h"

namespace memsweep {
namespace {

template <auto Member>
BoundaryColumn text(std::string_view name, std::string_view meaning) {
  return {name, "", meaning, [](const BoundaryRow& row) { return row.*Member; },
          [](BoundaryRow& row, std::string_view value) { row.*Member = value; }};
}

template <auto Member>
BoundaryColumn count(std::string_view name, std::string_view unit, std::string_view meaning) {
  return {name, unit, meaning, [](const BoundaryRow& row) { return std::to_string(row.*Member); },
          [](BoundaryRow& row, std::string_view value) { row.*Member = number_in<std::int64_t>(value); }};
}

}  // namespace

std::span<const BoundaryColumn> boundary_columns() {
  static const std::vector<BoundaryColumn> table{
      text<&BoundaryRow::scenario>("scenario", "name of the scenario"),
      text<&BoundaryRow::variant>("variant", "what the scenario varies, here its policy"),
      count<&BoundaryRow::max_batch>("max_batch", "samples",
                                     "largest batch that fits, run for at least three steps"),
      count<&BoundaryRow::first_oom_batch>(
          "first_oom_batch", "samples",
          "smallest batch that does not fit, run as well; below max_batch if there are holes; 0: none"),
      count<&BoundaryRow::predicted_batch>("predicted_batch", "samples",
                                           "largest batch that fits on a simulated device of the same size"),
      count<&BoundaryRow::trials>("trials", "", "batches that were tried on the device to find it"),
      count<&BoundaryRow::ooms>("ooms", "", "of them, those that ran out of memory"),
      text<&BoundaryRow::holes>(
          "holes", "batches below max_batch that do not fit on the simulated device; empty: none seen"),
  };
  return table;
}

std::filesystem::path boundaries_path(const std::filesystem::path& csv) {
  return std::filesystem::path(csv).replace_extension(".boundaries.csv");
}

}  // namespace memsweep
