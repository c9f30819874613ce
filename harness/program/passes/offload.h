// Activations that wait for the backward pass in host memory.
#pragma once

#include "harness/program/program.h"

namespace memsweep {

/// What blocks make and the backward pass reads is copied to the host behind its last use in the forward
/// pass, and back before its first one in the backward pass, as torch.autograd.graph.save_on_cpu does with
/// what is saved, weights excepted. Copies wait for each other: none runs beside arithmetic. `program` has
/// been differentiated and recomputes nothing.
[[nodiscard]] Program offload(Program program);

}  // namespace memsweep
