#include <array>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/scenario.h"

namespace memsweep {

std::vector<Variant> checkpointing(const TrainingOptions& options);
std::vector<Experiment> cleanup(const TrainingOptions& options, const Profile& device);
std::vector<std::string> conclude_cleanup(std::span<const ExperimentResult> results);
std::vector<Experiment> fragmentation(const TrainingOptions& options, const Profile& device);
std::vector<std::string> conclude_fragmentation(std::span<const ExperimentResult> results);

std::span<const Scenario> scenarios() {
  static constexpr std::array kScenarios{
      Scenario{"checkpointing", "how far the batch grows with recomputation, and what that costs in time",
               checkpointing},
      Scenario{"fragmentation", "patterns that fail although memory is free, and which settings cure them",
               nullptr, fragmentation, conclude_fragmentation, true},
      Scenario{"cleanup",
               "what del and empty_cache give back, and where a step only runs by flushing the cache",
               nullptr, cleanup, conclude_cleanup},
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
