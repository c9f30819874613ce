// Recomputation (activation checkpointing) as a pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// Blocks [first, last) that are run again together, from the first one's input.
struct BlockRange {
  std::int32_t first;
  std::int32_t last;
  friend bool operator==(const BlockRange&, const BlockRange&) = default;
};

/// The segments of a policy over a model of `blocks` blocks. Policies:
///   none         nothing is run again
///   every:K      segments of K blocks, all run again
///   sqrt         every:ceil(sqrt(blocks))                     (Chen et al. 2016, arXiv 1604.06174)
///   segments:K   K segments of blocks/K blocks; the last one takes what is left over and is not run
///                again                                        (torch.utils.checkpoint_sequential)
/// Throws UsageError for anything else.
[[nodiscard]] std::vector<BlockRange> recompute_segments(std::string_view policy, std::int32_t blocks);

/// Within each segment the backward pass reads values that it makes again, just before the first node that
/// reads one, instead of those of the forward pass. What is made again stops at the last value needed, as
/// PyTorch's checkpoint stops early. `program` has been differentiated.
[[nodiscard]] Program recompute(Program program, const std::vector<BlockRange>& segments);

}  // namespace memsweep
