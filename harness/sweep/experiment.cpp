#include "harness/sweep/experiment.h"

#include <algorithm>
#include <utility>

namespace memsweep {

Spread stage_seconds(const Device& device, std::vector<double> samples) {
  const bool counted =
      device.computes() || std::any_of(samples.begin(), samples.end(), [](double s) { return s > 0; });
  return counted ? spread_of(std::move(samples)) : Spread{};
}

}  // namespace memsweep
