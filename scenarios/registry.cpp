#include <array>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/scenario.h"

namespace memsweep {

std::vector<Variant> checkpointing(const TrainingOptions& options);

std::span<const Scenario> scenarios() {
  static constexpr std::array kScenarios{
      Scenario{"checkpointing", "how far the batch grows with recomputation, and what that costs in time",
               checkpointing},
  };
  return kScenarios;
}

const Scenario& find_scenario(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Scenario& scenario : scenarios()) {
    if (scenario.name == name) return scenario;
    known.push_back(scenario.name);
  }
  throw UsageError(unknown("scenario", name, known));
}

}  // namespace memsweep
