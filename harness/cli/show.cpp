#include <cstdio>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/cli/run_context.h"
#include "scenarios/training_step.h"

namespace memsweep {

int show(const RunOptions& options, std::int64_t batch) {
  TrainingStep step = parse_training_step(options.training);
  const auto& policies = options.training.recompute;
  for (const std::string& policy : policies.empty() ? std::vector<std::string>{"none"} : policies) {
    step.recompute = policy;
    fmt::print("# {} {} {} {}, recompute {}, batch {}\n{}", options.training.model.spec,
               activation_name(options.training.model), describe(options.training.precision),
               options.training.optimizer, policy, batch, print(step(batch)));
  }
  return 0;
}

}  // namespace memsweep
