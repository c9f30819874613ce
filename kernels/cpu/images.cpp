// Sums over images, batch norm and pooling. A channel is one thread's; its sums are f64.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

struct Images {
  std::int64_t count, channels, area;

  static Images of(const Shape& shape) { return {shape[0], shape[1], shape[2] * shape[3]}; }

  [[nodiscard]] double values() const { return static_cast<double>(count) * static_cast<double>(area); }

  /// Calls plane(offset) for each image's plane of a channel.
  template <class Plane>
  void each_plane(std::int64_t channel, const Plane& plane) const {
    for (std::int64_t n = 0; n < count; ++n) plane((n * channels + channel) * area);
  }

  template <class Value>
  [[nodiscard]] double sum(std::int64_t channel, const Value& value) const {
    double total = 0;
    each_plane(channel, [&](std::int64_t offset) {
      double plane = 0;
#pragma omp simd reduction(+ : plane)
      for (std::int64_t i = offset; i < offset + area; ++i) plane += static_cast<double>(value(i));
      total += plane;
    });
    return total;
  }

  template <class Element>
  void each(std::int64_t channel, const Element& element) const {
    each_plane(channel, [&](std::int64_t offset) {
#pragma omp simd
      for (std::int64_t i = offset; i < offset + area; ++i) element(i);
    });
  }

  template <class Channel>
  void each_channel(const Channel& channel) const {
    for_each_row(channels, count * area, channel);
  }
};

}  // namespace

void sum_channels(const OpCall& call, const Views& views) {
  const Images images = Images::of(call.inputs[0].shape);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  images.each_channel([=](std::int64_t c) {
    y[c] = static_cast<float>(images.sum(c, [=](std::int64_t i) { return x[i]; }));
  });
}

void batch_norm(const OpCall& call, const Views& views) {
  const auto [eps, momentum] = call.numbers<2>();
  const Images images = Images::of(call.inputs[0].shape);
  const float *x = input(views, 0), *w = input(views, 1), *bias = input(views, 2);
  float *y = output(views, 0), *means = output(views, 1), *rstds = output(views, 2);
  const float *old_mean = input(views, 3), *old_variance = input(views, 4);
  float *running_mean = output(views, 3), *running_variance = output(views, 4);
  const double n = images.values();
  images.each_channel([=](std::int64_t c) {
    const auto mean = static_cast<float>(images.sum(c, [=](std::int64_t i) { return x[i]; }) / n);
    const double squares = images.sum(c, [=](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); });
    const auto rstd = static_cast<float>(1 / std::sqrt(squares / n + eps));
    means[c] = mean;
    rstds[c] = rstd;
    const auto moved = [=](float old, double value) {
      return static_cast<float>((1 - momentum) * static_cast<double>(old) + momentum * value);
    };
    running_mean[c] = moved(old_mean[c], static_cast<double>(mean));
    running_variance[c] = moved(old_variance[c], squares / std::max(1.0, n - 1));
    const float scale = rstd * w[c], shift = bias[c];
    images.each(c, [=](std::int64_t i) { y[i] = (x[i] - mean) * scale + shift; });
  });
  *output<std::int64_t>(views, 5) = *input<std::int64_t>(views, 5) + 1;
}

void batch_norm_backward(const OpCall& call, const Views& views) {
  const Images images = Images::of(call.inputs[1].shape);
  const float *grad = input(views, 0), *x = input(views, 1), *w = input(views, 2);
  const float *means = input(views, 3), *rstds = input(views, 4);
  float *dx = output(views, 0), *dw = output(views, 1), *dbias = output(views, 2);
  const double n = images.values();
  images.each_channel([=](std::int64_t c) {
    const float mean = means[c], rstd = rstds[c];
    const double sum = images.sum(c, [=](std::int64_t i) { return grad[i]; });
    const double along = images.sum(c, [=](std::int64_t i) { return grad[i] * ((x[i] - mean) * rstd); });
    dw[c] = static_cast<float>(along);
    dbias[c] = static_cast<float>(sum);
    const auto mean_grad = static_cast<float>(sum / n), mean_along = static_cast<float>(along / n);
    const float scale = w[c] * rstd;
    images.each(c, [=](std::int64_t i) {
      dx[i] = scale * (grad[i] - mean_grad - (x[i] - mean) * rstd * mean_along);
    });
  });
}

void max_pool(const OpCall& call, const Views& views) {
  const std::int64_t height = call.outputs[0].shape[2], width = call.outputs[0].shape[3];
  const std::int64_t in_width = call.inputs[0].shape[3], in_area = call.inputs[0].shape[2] * in_width;
  const float* all_x = input(views, 0);
  float* y = output(views, 0);
  auto* index = output<std::int64_t>(views, 1);
  for_each_row(elements(call) / (height * width), in_area, [=](std::int64_t plane) {
    const float* x = all_x + plane * in_area;
    for (std::int64_t i = 0; i < height * width; ++i) {
      const std::int64_t corner = i / width * 2 * in_width + i % width * 2;
      std::int64_t best = corner;
      for (const std::int64_t at : {corner + 1, corner + in_width, corner + in_width + 1})
        best = x[at] > x[best] || std::isnan(x[at]) ? at : best;
      y[plane * height * width + i] = x[best];
      index[plane * height * width + i] = best;
    }
  });
}

void max_pool_backward(const OpCall& call, const Views& views) {
  const std::int64_t area = call.inputs[1].shape[2] * call.inputs[1].shape[3];
  const std::int64_t in_area = call.outputs[0].shape[2] * call.outputs[0].shape[3];
  const float* grad = input(views, 0);
  const auto* index = input<std::int64_t>(views, 1);
  float* all_dx = output(views, 0);
  for_each_row(elements(call) / in_area, in_area, [=](std::int64_t plane) {
    float* dx = all_dx + plane * in_area;
    std::fill_n(dx, in_area, 0.0f);
    for (std::int64_t i = plane * area; i < (plane + 1) * area; ++i) dx[index[i]] += grad[i];
  });
}

}  // namespace memsweep::cpu
