#include "harness/report/boundary_row.h"

#include <vector>

namespace memsweep {

template <>
std::span<const Column<BoundaryRow>> columns<BoundaryRow>() {
  static const std::vector<Column<BoundaryRow>> table{
      column<&BoundaryRow::scenario>("scenario", "", "name of the scenario"),
      column<&BoundaryRow::variant>("variant", "", "what the scenario varies"),
      column<&BoundaryRow::max_batch>("max_batch", "samples",
                                      "largest batch that fits, run for at least three steps"),
      column<&BoundaryRow::first_oom_batch>(
          "first_oom_batch", "samples",
          "smallest batch that does not fit, run as well; below max_batch if there are holes; 0: none"),
      column<&BoundaryRow::predicted_batch>("predicted_batch", "samples",
                                            "largest batch that fits on a simulated device of the same size"),
      column<&BoundaryRow::trials>("trials", "", "batches that were tried on the device to find it"),
      column<&BoundaryRow::ooms>("ooms", "", "of them, those that ran out of memory"),
      column<&BoundaryRow::holes>(
          "holes", "", "batches below max_batch that do not fit on the simulated device; empty: none seen"),
      column<&BoundaryRow::fixed_bytes>("fixed_bytes", "bytes",
                                        "requested at the peak whatever the batch, on a simulated device"),
      column<&BoundaryRow::sample_bytes>("sample_bytes", "bytes",
                                         "requested at the peak for each sample besides, near max_batch"),
  };
  return table;
}

std::filesystem::path boundaries_path(const std::filesystem::path& csv) {
  return std::filesystem::path(csv).replace_extension(".boundaries.csv");
}

}  // namespace memsweep
