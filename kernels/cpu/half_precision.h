// 16-bit arithmetic of the CPU, for all ops at once: operands are widened to f32, the f32 body runs, and each
// result is rounded once.
#pragma once

#include <vector>

#include "kernels/op.h"

namespace memsweep {

/// f32 copies of the operands of one call after the other. Host memory beside the device's: a device that
/// computes in 16 bit needs none.
using WideOperands = std::vector<float>;

/// Computes a call whatever its types. 16-bit operands are widened, those of a TF32 product rounded to its 10
/// bits of fraction; products are summed up in f32, the bias included. `wide` grows to what the largest call
/// needs.
void execute_on_cpu(const OpCall& call, const Views& views, WideOperands& wide);

}  // namespace memsweep
