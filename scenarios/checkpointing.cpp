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

/// Whether products are only part of what a block computes: where it has no more than one, its product and
/// its input are all that there is to keep.
bool selects(const Program& forward) {
  return std::count_if(forward.step.begin(), forward.step.end(),
                       [](const Instr& instr) { return instr.block == 0 && row_of(instr.op).product; }) > 1;
}

/// No recomputation, each block alone, segments of sqrt(blocks), and PyTorch's checkpoint_sequential with
/// few and with about sqrt(blocks) segments.
std::vector<std::string> telling_policies(const TrainingOptions& options) {
  const Program forward = parse_model(options.model)(1, {});
  const std::int32_t blocks = forward.blocks;
  const auto root = static_cast<std::int32_t>(std::lround(std::sqrt(blocks)));
  std::vector<std::string> policies{"none", "every:1", "sqrt"};
  for (std::int32_t segments : {2, root}) {
    auto policy = fmt::format("segments:{}", segments);
    const bool known = std::find(policies.begin(), policies.end(), policy) != policies.end();
    if (segments >= 2 && segments <= blocks && !known) policies.push_back(std::move(policy));
  }
  if (!options.reentrant && !options.loop.fuse && selects(forward)) policies.emplace_back("selective");
  return policies;
}

}  // namespace

std::vector<Variant> checkpointing(const TrainingOptions& options) {
  TrainingOptions chosen = options;
  if (chosen.recompute.empty()) chosen.recompute = telling_policies(options);
  const TrainingStep plain = parse_training_step(chosen);
  const std::int32_t blocks = block_count(plain.forward);
  std::vector<Variant> variants;
  for (const auto& policy : chosen.recompute) {
    static_cast<void>(parse_recompute(policy, blocks, plain.reentrant));  // what cannot be is refused now
    TrainingStep step = plain;
    step.recompute = policy;
    variants.push_back({policy, step});
  }
  return variants;
}

}  // namespace memsweep
