// Images: sums and means over places, and pooling.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/channels.h"
#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/matrix_sums.h"
#include "kernels/cpu/operands.h"
#include "kernels/window.h"

namespace memsweep::cpu {

void sum_channels(const OpCall& call, const Views& views) {
  const Channels images = Channels::of(call.inputs[0].shape);
  const float* x = input(views, 0);
  float* y = output(views, 0);
  images.each_channel([=](std::int64_t c) {
    y[c] = static_cast<float>(images.sum(c, [=](std::int64_t i) { return x[i]; }));
  });
}

void mean_places(const OpCall& call, const Views& views) {
  const std::int64_t area = call.inputs[0].shape[2] * call.inputs[0].shape[3];
  const float* x = input(views, 0);
  float* y = output(views, 0);
  for_each_row(elements(call), area, [=](std::int64_t plane) {
    const double sum = sum_of(area, [=](std::int64_t i) { return x[plane * area + i]; });
    y[plane] = static_cast<float>(sum / static_cast<double>(area));
  });
}

void mean_places_backward(const OpCall& call, const Views& views) {
  const std::int64_t area = call.outputs[0].shape[2] * call.outputs[0].shape[3];
  const float* grad = input(views, 0);
  float* dx = output(views, 0);
  for_each_row(call.inputs[0].shape.elements(), area, [=](std::int64_t plane) {
    std::fill_n(dx + plane * area, area, grad[plane] / static_cast<float>(area));
  });
}

namespace {

/// Where the window lies that starts at `corner`, cut to the image's extent.
struct Cut {
  std::int64_t begin, end;
};

Cut cut(const Window& window, std::int64_t place, std::int64_t extent) {
  const std::int64_t corner = place * window.stride - window.padding;
  return {std::max<std::int64_t>(0, corner), std::min(extent, corner + window.size)};
}

}  // namespace

void max_pool(const OpCall& call, const Views& views) {
  const auto [size, stride, padding] = call.numbers<3>();
  const Window window{static_cast<std::int64_t>(size), static_cast<std::int64_t>(stride),
                      static_cast<std::int64_t>(padding)};
  const Shape &in = call.inputs[0].shape, &out = call.outputs[0].shape;
  const float* all_x = input(views, 0);
  float* all_y = output(views, 0);
  auto* all_index = output<std::int64_t>(views, 1);
  for_each_row(out[0] * out[1], in[2] * in[3], [=](std::int64_t plane) {
    const float* x = all_x + plane * in[2] * in[3];
    float* y = all_y + plane * out[2] * out[3];
    std::int64_t* index = all_index + plane * out[2] * out[3];
    for (std::int64_t i = 0; i < out[2]; ++i) {
      const Cut lines = cut(window, i, in[2]);
      for (std::int64_t j = 0; j < out[3]; ++j) {
        const Cut places = cut(window, j, in[3]);
        std::int64_t best = lines.begin * in[3] + places.begin;
        for (std::int64_t line = lines.begin; line < lines.end; ++line) {
          for (std::int64_t at = line * in[3] + places.begin; at < line * in[3] + places.end; ++at)
            best = x[at] > x[best] || std::isnan(x[at]) ? at : best;
        }
        *y++ = x[best];
        *index++ = best;
      }
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
