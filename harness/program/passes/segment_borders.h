// What crosses the borders of segments of the model.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

struct SegmentBorder {
  std::vector<BufferId> inputs;  // values of the forward pass outside that it reads and nobody holds for ever
  std::vector<BufferId> outputs;   // values of its forward pass that are read outside
  std::vector<BufferId> arriving;  // gradients that its backward pass reads and has not made
};

/// Of each of `segments` segments of a differentiated program. `segment_of_block`: -1 for a block of none.
[[nodiscard]] std::vector<SegmentBorder> segment_borders(const Program& program,
                                                         const std::vector<std::int32_t>& segment_of_block,
                                                         std::size_t segments);

}  // namespace memsweep
