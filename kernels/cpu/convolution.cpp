// Convolutions as products with columns: the patches of one image side by side. Threads share the columns,
// by lines of the result or by channels of the image, so that a part stays in a core's cache from the moment
// it is made until it is multiplied; each part goes through all images.
#include <algorithm>
#include <cstdint>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product.h"
#include "kernels/window.h"

namespace memsweep::cpu {
namespace {

/// Values of columns that stay in the cache beside the operands of a product: 256 KiB.
constexpr std::int64_t kCachedValues = 1 << 16;

struct Span {
  std::int64_t begin, end;

  [[nodiscard]] std::int64_t count() const { return end - begin; }
};

/// An image of some channels under a window, and what the window sees.
struct Patches {
  std::int64_t channels, height, width;
  Window window;
  std::int64_t lines, places;  // of the result; places in a line

  [[nodiscard]] std::int64_t image() const { return height * width; }
  [[nodiscard]] std::int64_t area() const { return lines * places; }
  [[nodiscard]] std::int64_t kernel() const { return window.size * window.size; }
  [[nodiscard]] std::int64_t rows() const { return channels * kernel(); }

  /// Places of a line at which offset dx of the window lies within the image.
  [[nodiscard]] Span inside(std::int64_t dx) const {
    const auto first_not_below = [&](std::int64_t x) {
      const std::int64_t ahead = x + window.padding - dx;
      return std::clamp<std::int64_t>((ahead + window.stride - 1) / window.stride, 0, places);
    };
    return {first_not_below(0), first_not_below(width)};
  }

  /// Calls line(channel, the image's line or -1, dx) for each line of the rows that some channels have in the
  /// columns, in the order in which they lie.
  template <class Line>
  void each_line(Span of_channels, Span of_lines, const Line& line) const {
    for (std::int64_t c = of_channels.begin; c < of_channels.end; ++c) {
      for (std::int64_t at = 0; at < kernel(); ++at) {
        for (std::int64_t y = of_lines.begin; y < of_lines.end; ++y) {
          const std::int64_t from = y * window.stride + at / window.size - window.padding;
          line(c, from < height ? from : -1, at % window.size);
        }
      }
    }
  }
};

void to_columns(const Patches& p, Span channels, Span lines, const float* image, float* columns) {
  const std::int64_t stride = p.window.stride;
  p.each_line(channels, lines, [&](std::int64_t c, std::int64_t from, std::int64_t dx) {
    float* target = columns;
    columns += p.places;
    const Span inside = from < 0 ? Span{0, 0} : p.inside(dx);
    std::fill_n(target, inside.begin, 0.0f);
    std::fill_n(target + inside.end, p.places - inside.end, 0.0f);
    if (inside.count() <= 0) return;
    const float* source =
        image + (c * p.height + from) * p.width + inside.begin * stride + dx - p.window.padding;
    if (stride == 1) {
      std::copy_n(source, inside.count(), target + inside.begin);
    } else {
      for (std::int64_t i = 0; i < inside.count(); ++i) target[inside.begin + i] = source[i * stride];
    }
  });
}

/// Adds each patch up where it came from.
void from_columns(const Patches& p, Span channels, const float* columns, float* image) {
  const std::int64_t stride = p.window.stride;
  std::fill_n(image + channels.begin * p.image(), channels.count() * p.image(), 0.0f);
  p.each_line(channels, {0, p.lines}, [&](std::int64_t c, std::int64_t from, std::int64_t dx) {
    const float* line = columns;
    columns += p.places;
    const Span inside = from < 0 ? Span{0, 0} : p.inside(dx);
    if (inside.count() <= 0) return;
    float* target = image + (c * p.height + from) * p.width + inside.begin * stride + dx - p.window.padding;
    const float* source = line + inside.begin;
    if (stride == 1) {
#pragma omp simd
      for (std::int64_t i = 0; i < inside.count(); ++i) target[i] += source[i];
    } else {
      for (std::int64_t i = 0; i < inside.count(); ++i) target[i * stride] += source[i];
    }
  });
}

/// Calls part(span) for parts of [0, n) on all threads: no larger than the cache wants, or `least`.
template <class Part>
void in_parts(std::int64_t n, std::int64_t values_each, std::int64_t least, const Part& part) {
  const std::int64_t share = (n + thread_count() - 1) / thread_count();
  const std::int64_t cached = std::max(least, kCachedValues / values_each);
  parallel_for(n, std::min(share, cached), [&](std::int64_t begin, std::int64_t end) {
    part(Span{begin, end});
  });
}

/// Channels or places a part: enough for a product to be worth packing its operands.
constexpr std::int64_t kFewChannels = 4, kFewPlaces = 32;

/// Fills each plane of images with its channel's value.
void fill_planes(const Shape& images, const float* values, float* y) {
  const std::int64_t channels = images[1], area = images[2] * images[3];
  for_each_row(images[0] * channels, area,
               [=](std::int64_t plane) { std::fill_n(y + plane * area, area, values[plane % channels]); });
}

Window window_of(std::int64_t kernel, double stride, double padding) {
  return {kernel, static_cast<std::int64_t>(stride), static_cast<std::int64_t>(padding)};
}

}  // namespace

void conv2d(const OpCall& call, const Views& views) {
  const auto [stride, padding] = call.numbers<2>();
  const Shape &x = call.inputs[0].shape, &w = call.inputs[1].shape, &y = call.outputs[0].shape;
  const Patches p{x[1], x[2], x[3], window_of(w[2], stride, padding), y[2], y[3]};
  const bool point = p.window.is_point(), biased = call.inputs.size() == 3;
  auto* all_columns = static_cast<float*>(views.workspaces[0]);
  if (biased) fill_planes(y, input(views, 2), output(views, 0));
  const auto image = [&](std::int64_t n) { return input(views, 0) + n * x.flat(); };
  const auto product = [&](std::int64_t n, Span lines, const float* columns) -> Product {
    const std::int64_t first = lines.begin * p.places, count = lines.count() * p.places;
    return {y[1],
            count,
            p.rows(),
            {input(views, 1), p.rows()},
            point ? Factor{image(n) + first, p.area()} : Factor{columns, count},
            biased ? 1.0f : 0.0f,
            output(views, 0) + n * y.flat() + first,
            p.area()};
  };
  if (w.elements() > 2 * kCachedValues) {  // it is read for each product: as few as possible
    for (std::int64_t n = 0; n < x[0]; ++n) {
      const auto fill = [&](Span channels) {
        float* columns = all_columns + channels.begin * p.kernel() * p.area();
        to_columns(p, channels, {0, p.lines}, image(n), columns);
      };
      if (!point) in_parts(p.channels, p.kernel() * p.area(), 1, fill);
      multiply(product(n, {0, p.lines}, all_columns));
    }
    return;
  }
  in_parts(p.lines, p.rows() * p.places, (kFewPlaces + p.places - 1) / p.places, [&](Span lines) {
    float* columns = all_columns + lines.begin * p.places * p.rows();
    for (std::int64_t n = 0; n < x[0]; ++n) {
      if (!point) to_columns(p, {0, p.channels}, lines, image(n), columns);
      multiply_here(product(n, lines, columns));
    }
  });
}

void conv2d_backward_input(const OpCall& call, const Views& views) {
  const auto [stride, padding] = call.numbers<2>();
  const Shape &grad = call.inputs[0].shape, &w = call.inputs[1].shape, &x = call.outputs[0].shape;
  const Patches p{x[1], x[2], x[3], window_of(w[2], stride, padding), grad[2], grad[3]};
  in_parts(p.channels, p.kernel() * p.area(), kFewChannels, [&](Span channels) {
    const std::int64_t first = channels.begin * p.kernel(), count = channels.count() * p.kernel();
    for (std::int64_t n = 0; n < x[0]; ++n) {
      float* image = output(views, 0) + n * x.flat();
      const bool point = p.window.is_point();
      float* columns = (point ? image : output(views, 1)) + first * p.area();
      multiply_here({count,
                     p.area(),
                     w[0],
                     {input(views, 1) + first, p.rows(), true},
                     {input(views, 0) + n * grad.flat(), p.area()},
                     0.0f,
                     columns,
                     p.area()});
      if (!point) from_columns(p, channels, columns, image);
    }
  });
}

void conv2d_backward_weight(const OpCall& call, const Views& views) {
  const auto [kernel, stride, padding] = call.numbers<3>();
  const Shape &grad = call.inputs[0].shape, &x = call.inputs[1].shape;
  const Window window = window_of(static_cast<std::int64_t>(kernel), stride, padding);
  const Patches p{x[1], x[2], x[3], window, grad[2], grad[3]};
  auto* all_columns = static_cast<float*>(call.inputs.size() == 3 ? views.inputs[2] : views.workspaces[0]);
  in_parts(p.channels, p.kernel() * p.area(), kFewChannels, [&](Span channels) {
    const std::int64_t first = channels.begin * p.kernel(), count = channels.count() * p.kernel();
    float* columns = all_columns + first * p.area();
    for (std::int64_t n = 0; n < x[0]; ++n) {
      const float* image = input(views, 1) + n * x.flat();
      const bool point = p.window.is_point();
      if (!point) to_columns(p, channels, {0, p.lines}, image, columns);
      multiply_here({grad[1],
                     count,
                     p.area(),
                     {input(views, 0) + n * grad.flat(), p.area()},
                     {point ? image + first * p.area() : columns, p.area(), true},
                     n == 0 ? 0.0f : 1.0f,
                     output(views, 0) + first,
                     p.rows()});
    }
  });
}

}  // namespace memsweep::cpu
