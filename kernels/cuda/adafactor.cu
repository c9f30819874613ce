// Adafactor's second moments and its step (torch/optim/_adafactor.py).
#include <cmath>

#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/rows.h"

namespace memsweep::cuda {
namespace {

__global__ void row_mean_squares_kernel(Matrix size, Ref g, Ref mean) {
  for_each_row(size, [&](std::int64_t row, std::int64_t first) {
    const float sum = sum_of(size.columns, [&](std::int64_t i) {
      const float x = load(g, first + i);
      return x * x;
    });
    if (threadIdx.x == 0) store(mean, row, sum / static_cast<float>(size.columns));
  });
}

/// Each square's part of the mean.
struct MeanSquares {
  Ref g;
  float rows;

  __device__ void add(std::int64_t i, std::int64_t, Sums<1>& sums) const {
    const float x = load(g, i);
    sums[0] += x * x / rows;
  }
};

/// One block.
__global__ void mean_at_least_kernel(std::int64_t n, float least, Ref x, Ref mean) {
  const float sum = sum_of(n, [&](std::int64_t i) { return load(x, i); });
  if (threadIdx.x == 0) store(mean, 0, fmaxf(sum / static_cast<float>(n), least));
}

struct Lerp {
  float weight;
  __device__ float operator()(float y, float x) const { return y + weight * (x - y); }
};

struct Direction {
  float least;
  __device__ float operator()(float v, float g) const { return g / sqrtf(v > least ? v : least); }
};

constexpr std::int64_t kMostParts = 1024;

/// Sums of squares of parts of the old weight and of the direction. The calls of a process are queued on one
/// stream, so that they can share this.
__device__ float squares_of_parts[2][kMostParts];

__global__ void squares_of_parts_kernel(std::int64_t n, Ref p, Ref u) {
  float squares[2] = {};
  for_each_vector_in_grid(n, [&](std::int64_t i, int count) {
    float old[kVector], direction[kVector];
    load_vector(p, i, count, old);
    load_vector(u, i, count, direction);
    for (int k = 0; k < kVector; ++k) {
      squares[0] += old[k] * old[k];
      squares[1] += direction[k] * direction[k];
    }
  });
  for (int s = 0; s < 2; ++s) {
    const float sum = block_sum(squares[s]);
    if (threadIdx.x == 0) squares_of_parts[s][blockIdx.x] = sum;
  }
}

struct StepSizes {
  float relative, eps, clip, keep;
};

__global__ void adafactor_step_kernel(std::int64_t n, std::int64_t parts, StepSizes sizes, Ref old, Ref u,
                                      Ref p) {
  float roots[2];
  for (int s = 0; s < 2; ++s) {
    const float sum = sum_of(parts, [&](std::int64_t i) { return squares_of_parts[s][i]; });
    roots[s] = sqrtf(sum / static_cast<float>(n));
  }
  const float rate = sizes.relative * fmaxf(sizes.eps, roots[0]) / fmaxf(1, roots[1] / sizes.clip);
  for_each_vector_in_grid(n, [&](std::int64_t i, int count) {
    float weight[kVector], direction[kVector];
    load_vector(old, i, count, weight);
    load_vector(u, i, count, direction);
    for (int k = 0; k < kVector; ++k) weight[k] = sizes.keep * weight[k] - rate * direction[k];
    store_vector(p, i, count, weight);
  });
}

}  // namespace

void row_mean_squares(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  launch(context, grid_of(size), row_mean_squares_kernel, size, input(call, views, 0),
         output(call, views, 0));
}

void column_mean_squares(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix size = Matrix::of(call.inputs[0]);
  const MeanSquares squares{input(call, views, 0), static_cast<float>(size.rows)};
  sum_columns<MeanSquares, 1>(context, size, squares, {output(call, views, 0)}, {borrowed(views, 0)});
}

void mean_at_least(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, {1, kThreads}, mean_at_least_kernel, call.inputs[0].shape.elements(),
         static_cast<float>(call.numbers<1>()[0]), input(call, views, 0), output(call, views, 0));
}

void lerp_decayed(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto weight = static_cast<float>(std::pow(static_cast<double>(call.step), call.numbers<1>()[0]));
  map<2>(context, call, views, Lerp{weight});
}

void adafactor_direction(const CudaContext& context, const OpCall& call, const Views& views) {
  const double eps = call.numbers<1>()[0];
  map<2>(context, call, views, Direction{static_cast<float>(eps * eps)});
}

/// Both sizes are taken before the weight decays.
void adafactor_step(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [lr, eps, d, weight_decay] = call.numbers<4>();
  const double relative = std::min(lr, 1 / std::sqrt(static_cast<double>(call.step)));
  const StepSizes sizes{static_cast<float>(relative), static_cast<float>(eps), static_cast<float>(d),
                        static_cast<float>(1 - lr * weight_decay)};
  const std::int64_t n = elements(call);
  const Ref old = input(call, views, 0), u = input(call, views, 1);
  Grid grid = grid_for_vectors(context, n);
  grid.blocks = std::min<unsigned>(grid.blocks, kMostParts);
  launch(context, grid, squares_of_parts_kernel, n, old, u);
  launch(context, grid, adafactor_step_kernel, n, grid.blocks, sizes, old, u, output(call, views, 0));
}

}  // namespace memsweep::cuda
