#include "kernels/cuda/repeat.h"

#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"

namespace memsweep::cuda {
namespace {

__global__ void repeat_kernel(std::int64_t n, Ref x, std::int64_t period, std::int64_t each, Ref y) {
  for_each_in_grid(n, [&](std::int64_t i) { store(y, i, load(x, i / each % period)); });
}

}  // namespace

void repeat(const CudaContext& context, Ref x, std::int64_t period, std::int64_t each, Ref y,
            std::int64_t n) {
  launch(context, grid_for(context, n), repeat_kernel, n, x, period, each, y);
}

}  // namespace memsweep::cuda
