#include "harness/report/speed.h"

#include <fmt/format.h>

#include "harness/report/quantity.h"

namespace memsweep {

Speed speed_of(const Row* row) {
  if (row == nullptr || row->result.step_seconds.samples == 0) return {};
  const Spread& seconds = row->result.step_seconds;
  Speed speed{.step = format_duration(seconds.median), .rate = format_count(row->samples_per_second())};
  if (!row->modelled() && seconds.median > 0) {
    speed.spread = fmt::format("{}{:.1f}%", row->result.noisy ? "? " : "",
                               100 * median_uncertainty(seconds) / seconds.median);
  }
  return speed;
}

}  // namespace memsweep
