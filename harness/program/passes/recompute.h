// Recomputation (activation checkpointing) as a pass.
#pragma once

#include <cstdint>
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

/// How torch.utils.checkpoint runs a segment again.
enum class Checkpoint : std::uint8_t {
  early_stop,  // use_reentrant=False: up to the last value that the backward pass reads
  reentrant,   // use_reentrant=True: all of it, in a backward pass of its own
  selective,   // create_selective_checkpoint_contexts: results of mm, addmm and bmm are kept
};

/// What is run again, and how.
struct Recompute {
  std::vector<BlockRange> segments;
  Checkpoint checkpoint = Checkpoint::early_stop;
};

/// A policy over a model of `blocks` blocks. Policies:
///   none         nothing is run again
///   every:K      segments of K blocks, all run again
///   sqrt         every:ceil(sqrt(blocks))                     (Chen et al. 2016, arXiv 1604.06174)
///   segments:K   K segments of blocks/K blocks; the last one takes what is left over and is not run
///                again                                        (torch.utils.checkpoint_sequential)
///   selective    every:1, but results of matrix products are kept
/// `reentrant`: use_reentrant=True, which is not there for selective.
/// Throws UsageError for anything else.
[[nodiscard]] Recompute parse_recompute(std::string_view policy, std::int32_t blocks, bool reentrant = false);

/// Within each segment the backward pass reads values that it makes again, instead of those of the forward
/// pass. `program` has been differentiated.
/// Unless reentrant, they are made just before the first node that reads one, and what is made again stops at
/// the last value needed. Kept results are not made again: each dies when it has been read in place of its
/// making, or with its segment if that is not reached.
/// Reentrant, a segment is run again to its end before its first node. Its output, the gradient that arrives
/// there and its input live until its own backward pass is done, and that gradient is not added to in place.
/// Throws UsageError where the result of a kept product is overwritten in place.
[[nodiscard]] Program recompute(Program program, const Recompute& recompute);

}  // namespace memsweep
