// Which options of the command line a scenario follows.
#pragma once

#include <string_view>

#include "scenarios/scenario.h"

namespace memsweep {

/// Whether a scenario is made of experiments, not of training steps whose batch is swept.
[[nodiscard]] inline bool has_experiments(const Scenario& scenario) {
  return scenario.experiments != nullptr;
}

/// `option` as in "--batches". One that is not followed has no effect on the scenario whatsoever.
[[nodiscard]] bool follows(const Scenario& scenario, std::string_view option);

}  // namespace memsweep
