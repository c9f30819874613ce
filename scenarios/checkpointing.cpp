// Recomputation against memory: the step without, and under each policy.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "harness/program/passes/recompute.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

/// No recomputation, each block alone, segments of sqrt(blocks), and PyTorch's checkpoint_sequential with
/// few and with about sqrt(blocks) segments.
std::vector<std::string> telling_policies(std::int32_t blocks) {
  const auto root = static_cast<std::int32_t>(std::lround(std::sqrt(blocks)));
  std::vector<std::string> policies{"none", "every:1", "sqrt"};
  for (std::int32_t segments : {2, root}) {
    auto policy = fmt::format("segments:{}", segments);
    const bool known = std::find(policies.begin(), policies.end(), policy) != policies.end();
    if (segments >= 2 && segments <= blocks && !known) policies.push_back(std::move(policy));
  }
  return policies;
}

}  // namespace

std::vector<Variant> checkpointing(const TrainingOptions& options) {
  const TrainingStep plain = parse_training_step(options);
  const std::int32_t blocks = block_count(plain.forward);
  std::vector<Variant> variants;
  for (const auto& policy : options.recompute.empty() ? telling_policies(blocks) : options.recompute) {
    static_cast<void>(recompute_segments(policy, blocks));  // a policy that cannot be is refused now
    TrainingStep step = plain;
    step.recompute = policy;
    variants.push_back({policy, step});
  }
  return variants;
}

}  // namespace memsweep
