// Images: sums and means over places, and pooling.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cuda/channels.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/rows.h"
#include "kernels/window.h"

namespace memsweep::cuda {
namespace {

__global__ void sum_channels_kernel(Channels images, Ref x, Ref y) {
  images.for_each([&](std::int64_t c) {
    const float sum = images.sum(c, [&](std::int64_t i) { return load(x, i); });
    if (threadIdx.x == 0) store(y, c, sum);
  });
}

__global__ void mean_places_kernel(Matrix planes, Ref x, Ref y) {
  for_each_row(planes, [&](std::int64_t plane, std::int64_t first) {
    const float sum = sum_of(planes.columns, [&](std::int64_t i) { return load(x, first + i); });
    if (threadIdx.x == 0) store(y, plane, sum / static_cast<float>(planes.columns));
  });
}

__global__ void mean_places_backward_kernel(Matrix planes, Ref grad, Ref dx) {
  for_each_in_grid(planes.rows * planes.columns, [&](std::int64_t i) {
    store(dx, i, load(grad, i / planes.columns) / static_cast<float>(planes.columns));
  });
}

/// The planes of images.
struct Planes {
  std::int64_t count, height, width;

  static Planes of(const Shape& shape) { return {shape[0] * shape[1], shape[2], shape[3]}; }

  [[nodiscard]] __host__ __device__ std::int64_t area() const { return height * width; }
};

__global__ void max_pool_kernel(Planes in, Planes out, Window window, Ref x, Ref y, std::int64_t* index) {
  for_each_in_grid(out.count * out.area(), [&](std::int64_t i) {
    const std::int64_t first = i / out.area() * in.area(), place = i % out.area();
    const std::int64_t top = place / out.width * window.stride - window.padding;
    const std::int64_t left = place % out.width * window.stride - window.padding;
    std::int64_t best = -1;
    float largest = 0;
    for (std::int64_t line = std::max(std::int64_t{0}, top); line < std::min(in.height, top + window.size);
         ++line) {
      for (std::int64_t at = std::max(std::int64_t{0}, left); at < std::min(in.width, left + window.size);
           ++at) {
        const float value = load(x, first + line * in.width + at);
        if (best >= 0 && !(value > largest) && !std::isnan(value)) continue;
        best = line * in.width + at;
        largest = value;
      }
    }
    store(y, i, largest);
    index[i] = best;
  });
}

/// Windows overlap: a place is one thread's, so that its gradients are added up in one order. All threads of
/// a block look at the same window at a time, which is one access to memory.
__global__ void max_pool_backward_kernel(Matrix windows, std::int64_t area, Ref grad,
                                         const std::int64_t* index, Ref dx) {
  for_each_row(windows, [&](std::int64_t plane, std::int64_t first) {
    for (std::int64_t i = first; i < first + windows.columns; ++i) {
      if (static_cast<unsigned>(index[i]) % blockDim.x != threadIdx.x) continue;
      const std::int64_t place = plane * area + index[i];
      store(dx, place, load(dx, place) + load(grad, i));
    }
  });
}

/// Planes as rows.
Matrix rows_of(const Shape& images) { return {images[0] * images[1], images[2] * images[3]}; }

}  // namespace

void sum_channels(const CudaContext& context, const OpCall& call, const Views& views) {
  const Channels images = Channels::of(call.inputs[0].shape);
  launch(context, images.grid(), sum_channels_kernel, images, input(call, views, 0), output(call, views, 0));
}

void mean_places(const CudaContext& context, const OpCall& call, const Views& views) {
  const Matrix planes = rows_of(call.inputs[0].shape);
  launch(context, grid_of(planes), mean_places_kernel, planes, input(call, views, 0), output(call, views, 0));
}

void mean_places_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, grid_for(context, elements(call)), mean_places_backward_kernel,
         rows_of(call.outputs[0].shape), input(call, views, 0), output(call, views, 0));
}

void max_pool(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [size, stride, padding] = call.numbers<3>();
  const Window window{static_cast<std::int64_t>(size), static_cast<std::int64_t>(stride),
                      static_cast<std::int64_t>(padding)};
  launch(context, grid_for(context, elements(call)), max_pool_kernel, Planes::of(call.inputs[0].shape),
         Planes::of(call.outputs[0].shape), window, input(call, views, 0), output(call, views, 0),
         output_at<std::int64_t>(views, 1));
}

void max_pool_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  constexpr unsigned kThreadsOfPlane = 64;
  const Matrix windows = rows_of(call.inputs[1].shape);
  check(cudaMemsetAsync(views.outputs[0], 0, call.outputs[0].bytes(), context.stream), "cudaMemsetAsync");
  launch(context, grid_of_rows(windows.rows, kThreadsOfPlane), max_pool_backward_kernel, windows,
         Planes::of(call.outputs[0].shape).area(), input(call, views, 0), input_at<std::int64_t>(views, 1),
         output(call, views, 0));
}

}  // namespace memsweep::cuda
