#include "harness/report/loss.h"

#include <cmath>

#include <fmt/format.h>

namespace memsweep {

std::string loss_text(float loss) { return std::isnan(loss) ? "nan" : fmt::format("{:.9g}", loss); }

std::string loss_warning(const Row& row) {
  if (!row.result.loss || std::isfinite(*row.result.loss)) return "";
  return fmt::format("Warning: the loss of {} at batch {} is {} after {} steps.\n", row.variant, row.batch,
                     loss_text(*row.result.loss), row.result.steps);
}

}  // namespace memsweep
