// One body an op: what the CPU does when it is asked for that op.
#pragma once

#include "kernels/op.h"

namespace memsweep {

/// Computes a call whose types row_of(op).infer accepted. Tensors are dense and row-major: f32 values (16-bit
/// ones are for half_precision.h), f64 where op.h says so, i64 targets, boolean masks of one byte. Outputs do
/// not overlap inputs, except in place where op.h says so. A body allocates nothing and always gives the same
/// bits for the same inputs.
using Body = void (*)(const OpCall& call, const Views& views);

[[nodiscard]] Body cpu_body(Op op);

}  // namespace memsweep
