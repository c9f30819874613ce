// Convolutions as products with columns: the patches of one image side by side.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/product.h"

namespace memsweep::cpu {
namespace {

/// An image of some channels under a square kernel; the border is padded so that the size stays.
struct Patches {
  std::int64_t channels, height, width, kernel;

  [[nodiscard]] std::int64_t area() const { return height * width; }
  [[nodiscard]] std::int64_t rows() const { return channels * kernel * kernel; }

  /// Calls row(channel, first of the row's `area()` columns, dy, dx) for each place of the kernel.
  template <class Row>
  void each_place(std::int64_t channel, const Row& row) const {
    for (std::int64_t place = 0; place < kernel * kernel; ++place) {
      row((channel * kernel * kernel + place) * area(), place / kernel - kernel / 2,
          place % kernel - kernel / 2);
    }
  }
  /// Columns x of an image row for which x + dx lies within it.
  [[nodiscard]] std::int64_t begin(std::int64_t dx) const { return std::max<std::int64_t>(0, -dx); }
  [[nodiscard]] std::int64_t end(std::int64_t dx) const { return width - std::max<std::int64_t>(0, dx); }
};

void to_columns(const Patches& p, const float* image, float* columns) {
  for_each_row(p.channels, p.kernel * p.kernel * p.area(), [&](std::int64_t channel) {
    const float* plane = image + channel * p.area();
    p.each_place(channel, [&](std::int64_t first, std::int64_t dy, std::int64_t dx) {
      float* row = columns + first;
      std::fill_n(row, p.area(), 0.0f);
      for (std::int64_t y = std::max<std::int64_t>(0, -dy); y < p.height - std::max<std::int64_t>(0, dy);
           ++y) {
        const std::int64_t count = p.end(dx) - p.begin(dx);
        if (count > 0)
          std::copy_n(plane + (y + dy) * p.width + p.begin(dx) + dx, count, row + y * p.width + p.begin(dx));
      }
    });
  });
}

/// Adds each patch up where it came from.
void from_columns(const Patches& p, const float* columns, float* image) {
  for_each_row(p.channels, p.kernel * p.kernel * p.area(), [&](std::int64_t channel) {
    float* plane = image + channel * p.area();
    std::fill_n(plane, p.area(), 0.0f);
    p.each_place(channel, [&](std::int64_t first, std::int64_t dy, std::int64_t dx) {
      const float* row = columns + first;
      for (std::int64_t y = std::max<std::int64_t>(0, -dy); y < p.height - std::max<std::int64_t>(0, dy);
           ++y) {
        float* target = plane + (y + dy) * p.width + dx;
        const float* source = row + y * p.width;
#pragma omp simd
        for (std::int64_t x = p.begin(dx); x < p.end(dx); ++x) target[x] += source[x];
      }
    });
  });
}

Patches patches_of(const Shape& image, std::int64_t channels, std::int64_t kernel) {
  return {channels, image[2], image[3], kernel};
}

}  // namespace

void conv2d(const OpCall& call, const Views& views) {
  const Shape &x = call.inputs[0].shape, &w = call.inputs[1].shape;
  const Patches p = patches_of(x, x[1], w[2]);
  const std::int64_t out = w[0];
  auto* columns = static_cast<float*>(views.workspaces[0]);
  const float* bias = call.inputs.size() == 3 ? input(views, 2) : nullptr;
  for (std::int64_t n = 0; n < x[0]; ++n) {
    to_columns(p, input(views, 0) + n * x.flat(), columns);
    float* y = output(views, 0) + n * out * p.area();
    for (std::int64_t channel = 0; bias != nullptr && channel < out; ++channel)
      std::fill_n(y + channel * p.area(), p.area(), bias[channel]);
    multiply({out,
              p.area(),
              p.rows(),
              {input(views, 1), p.rows()},
              {columns, p.area()},
              bias != nullptr ? 1.0f : 0.0f,
              y,
              p.area()});
  }
}

void conv2d_backward_input(const OpCall& call, const Views& views) {
  const Shape &grad = call.inputs[0].shape, &w = call.inputs[1].shape;
  const Patches p = patches_of(grad, w[1], w[2]);
  float* columns = output(views, 1);
  for (std::int64_t n = 0; n < grad[0]; ++n) {
    multiply({p.rows(),
              p.area(),
              w[0],
              {input(views, 1), p.rows(), true},
              {input(views, 0) + n * grad.flat(), p.area()},
              0,
              columns,
              p.area()});
    from_columns(p, columns, output(views, 0) + n * p.channels * p.area());
  }
}

void conv2d_backward_weight(const OpCall& call, const Views& views) {
  const Shape &grad = call.inputs[0].shape, &x = call.inputs[1].shape;
  const Patches p = patches_of(x, x[1], static_cast<std::int64_t>(call.numbers<1>()[0]));
  auto* columns = static_cast<float*>(call.inputs.size() == 3 ? views.inputs[2] : views.workspaces[0]);
  for (std::int64_t n = 0; n < x[0]; ++n) {
    to_columns(p, input(views, 1) + n * x.flat(), columns);
    multiply({grad[1],
              p.rows(),
              p.area(),
              {input(views, 0) + n * grad.flat(), p.area()},
              {columns, p.area(), true},
              n == 0 ? 0.0f : 1.0f,
              output(views, 0),
              p.rows()});
  }
}

}  // namespace memsweep::cpu
