// Few values spread over many places.
#pragma once

#include <cstdint>

#include "kernels/cuda/bodies.h"
#include "kernels/cuda/operands.h"

namespace memsweep::cuda {

/// Queues y[i] = x[i / each % period] for i in [0, n): each of `period` values `each` times, over and over.
void repeat(const CudaContext& context, Ref x, std::int64_t period, std::int64_t each, Ref y, std::int64_t n);

}  // namespace memsweep::cuda
