// Batch norm of images, whose channels are planes, and of rows, whose channels lie side by side.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cuda/channels.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"

namespace memsweep::cuda {
namespace {

/// What channels are normalised with, and what of.
struct Normalisation {
  Ref x, w, bias, y, mean, rstd;

  template <class Layout>
  __device__ void channel(const Layout& images, std::int64_t c, float its_mean, float its_rstd) const {
    const float scale = its_rstd * load(w, c), shift = load(bias, c);
    images.for_each_value(c, [&](std::int64_t i) { store(y, i, (load(x, i) - its_mean) * scale + shift); });
    if (!images.is_first(c)) return;
    store(mean, c, its_mean);
    store(rstd, c, its_rstd);
  }
};

/// A mean and a variance for each channel.
struct Running {
  Ref mean, variance;

  /// Moves towards what a batch has.
  __device__ void store_moved(const Running& old, std::int64_t c, double momentum, float its_mean,
                              float its_variance) const {
    const auto moved = [=](float from, float to) {
      return static_cast<float>((1 - momentum) * static_cast<double>(from) +
                                momentum * static_cast<double>(to));
    };
    store(mean, c, moved(load(old.mean, c), its_mean));
    store(variance, c, moved(load(old.variance, c), its_variance));
  }
};

template <class Layout>
__global__ void batch_norm_kernel(Layout images, float eps, double momentum, Normalisation normal,
                                  Running old, Running moved, const std::int64_t* old_steps,
                                  std::int64_t* steps) {
  const auto n = static_cast<float>(images.values());
  images.for_each([&](std::int64_t c) {
    const float mean = images.sum(c, [&](std::int64_t i) { return load(normal.x, i); }) / n;
    const float squares = images.sum(c, [&](std::int64_t i) {
      const float centred = load(normal.x, i) - mean;
      return centred * centred;
    });
    if (images.is_first(c)) moved.store_moved(old, c, momentum, mean, squares / std::max(1.0f, n - 1));
    normal.channel(images, c, mean, 1 / sqrtf(squares / n + eps));
  });
  if (blockIdx.x == 0 && threadIdx.x == 0) *steps = *old_steps + 1;
}

template <class Layout>
__global__ void batch_norm_frozen_kernel(Layout images, float eps, Normalisation normal, Running running) {
  images.for_each([&](std::int64_t c) {
    normal.channel(images, c, load(running.mean, c), 1 / sqrtf(load(running.variance, c) + eps));
  });
}

struct BackwardOperands {
  Ref grad, x, w, mean, rstd;
};

BackwardOperands backward_operands(const OpCall& call, const Views& views) {
  return {input(call, views, 0), input(call, views, 1), input(call, views, 2), input(call, views, 3),
          input(call, views, 4)};
}

/// `share`: of its sums that a value's gradient loses; 0 where the statistics are not the batch's own.
__global__ void batch_norm_backward_kernel(Channels images, float share, BackwardOperands in, Ref dx, Ref dw,
                                           Ref dbias) {
  images.for_each([&](std::int64_t c) {
    const float mean = load(in.mean, c), rstd = load(in.rstd, c), scale = load(in.w, c) * rstd;
    const auto normalized = [&](std::int64_t i) { return (load(in.x, i) - mean) * rstd; };
    const float sum = images.sum(c, [&](std::int64_t i) { return load(in.grad, i); });
    const float along = images.sum(c, [&](std::int64_t i) { return load(in.grad, i) * normalized(i); });
    images.for_each_value(c, [&](std::int64_t i) {
      store(dx, i, scale * (load(in.grad, i) - sum * share - normalized(i) * (along * share)));
    });
    if (!images.is_first(c)) return;
    store(dw, c, along);
    store(dbias, c, sum);
  });
}

struct Sums {
  Ref grad, along, dw, dbias;
};

__global__ void batch_norm_sums_kernel(SideBySide rows, BackwardOperands in, Sums sums) {
  rows.for_each([&](std::int64_t c) {
    const float mean = load(in.mean, c);
    const float sum = rows.sum(c, [&](std::int64_t i) { return load(in.grad, i); });
    const float along =
        rows.sum(c, [&](std::int64_t i) { return load(in.grad, i) * (load(in.x, i) - mean); });
    if (!rows.is_first(c)) return;
    store(sums.grad, c, sum);
    store(sums.along, c, along);
    store(sums.dw, c, along * load(in.rstd, c));
    store(sums.dbias, c, sum);
  });
}

__global__ void batch_norm_elements_kernel(Matrix size, float share, BackwardOperands in, Ref sums, Ref along,
                                           Ref dx) {
  for_each_in_grid(size.rows * size.columns, [&](std::int64_t i) {
    const std::int64_t c = i % size.columns;
    const float rstd = load(in.rstd, c);
    const float of_deviation = (load(in.x, i) - load(in.mean, c)) * (rstd * rstd * load(along, c) * share);
    store(dx, i, (load(in.grad, i) - load(sums, c) * share - of_deviation) * (load(in.w, c) * rstd));
  });
}

Normalisation normalisation_of(const OpCall& call, const Views& views) {
  return {input(call, views, 0),  input(call, views, 1),  input(call, views, 2),
          output(call, views, 0), output(call, views, 1), output(call, views, 2)};
}

/// Of a gradient that is summed up over a channel, in training.
float share_of(const OpCall& call) {
  const Shape& x = call.inputs[1].shape;
  const bool training = call.numbers<1>()[0] != 0;
  return training ? 1.0f / static_cast<float>(x.elements() / x[1]) : 0.0f;
}

}  // namespace

void batch_norm(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [eps, momentum] = call.numbers<2>();
  with_channels(call.inputs[0].shape, [&, eps = eps, momentum = momentum](auto images) {
    launch(context, images.grid(), batch_norm_kernel<decltype(images)>, images, static_cast<float>(eps),
           momentum, normalisation_of(call, views), Running{input(call, views, 3), input(call, views, 4)},
           Running{output(call, views, 3), output(call, views, 4)}, input_at<std::int64_t>(views, 5),
           output_at<std::int64_t>(views, 5));
  });
}

void batch_norm_frozen(const CudaContext& context, const OpCall& call, const Views& views) {
  with_channels(call.inputs[0].shape, [&](auto images) {
    launch(context, images.grid(), batch_norm_frozen_kernel<decltype(images)>, images,
           static_cast<float>(call.numbers<1>()[0]), normalisation_of(call, views),
           Running{input(call, views, 3), input(call, views, 4)});
  });
}

/// Gradients of rows have ops of their own.
void batch_norm_backward(const CudaContext& context, const OpCall& call, const Views& views) {
  const Channels images = Channels::of(call.inputs[1].shape);
  launch(context, images.grid(), batch_norm_backward_kernel, images, share_of(call),
         backward_operands(call, views), output(call, views, 0), output(call, views, 1),
         output(call, views, 2));
}

void batch_norm_sums(const CudaContext& context, const OpCall& call, const Views& views) {
  const Shape& x = call.inputs[1].shape;
  const SideBySide rows{x[0], x[1]};
  launch(
      context, rows.grid(), batch_norm_sums_kernel, rows, backward_operands(call, views),
      Sums{output(call, views, 0), output(call, views, 1), output(call, views, 2), output(call, views, 3)});
}

void batch_norm_elements(const CudaContext& context, const OpCall& call, const Views& views) {
  launch(context, grid_for(context, elements(call)), batch_norm_elements_kernel, Matrix::of(call.inputs[1]),
         share_of(call), backward_operands(call, views), input(call, views, 5), input(call, views, 6),
         output(call, views, 0));
}

}  // namespace memsweep::cuda
