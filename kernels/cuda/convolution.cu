// Convolutions by cuDNN, where it has a way that the place of the columns is enough for; else as products
// with columns, image by image: the patches of one image side by side. What the products borrowed was given
// back before the next was, so they have none of it.
#include <cstdint>

#include "kernels/cuda/cudnn_convolution.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/grid_loop.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/repeat.h"
#include "kernels/window.h"

namespace memsweep::cuda {
namespace {

/// An image of some channels under a window, and what the window sees.
struct Patches {
  std::int64_t channels, height, width;
  Window window;
  std::int64_t lines, places;  // of the result; places in a line

  Patches(const Shape& image, const Shape& result, std::int64_t kernel, double stride, double padding)
      : channels(image[1]),
        height(image[2]),
        width(image[3]),
        window{kernel, static_cast<std::int64_t>(stride), static_cast<std::int64_t>(padding)},
        lines(result[2]),
        places(result[3]) {}

  [[nodiscard]] __host__ __device__ std::int64_t area() const { return lines * places; }
  [[nodiscard]] __host__ __device__ std::int64_t kernel() const { return window.size * window.size; }
  [[nodiscard]] __host__ __device__ std::int64_t rows() const { return channels * kernel(); }
  [[nodiscard]] __host__ __device__ std::int64_t values() const { return channels * height * width; }
};

__global__ void to_columns_kernel(Patches p, Ref image, Ref columns) {
  for_each_in_grid(p.rows() * p.area(), [&](std::int64_t i) {
    const std::int64_t row = i / p.area(), place = i % p.area(), at = row % p.kernel();
    const std::int64_t y = place / p.places * p.window.stride + at / p.window.size - p.window.padding;
    const std::int64_t x = place % p.places * p.window.stride + at % p.window.size - p.window.padding;
    const bool inside = y >= 0 && y < p.height && x >= 0 && x < p.width;
    store(columns, i, inside ? load(image, (row / p.kernel() * p.height + y) * p.width + x) : 0);
  });
}

/// Adds what the patches have of each place up, in the order of the columns' rows.
__global__ void from_columns_kernel(Patches p, Ref columns, Ref image) {
  for_each_in_grid(p.values(), [&](std::int64_t i) {
    const std::int64_t channel = i / p.width / p.height;
    const std::int64_t y = i / p.width % p.height + p.window.padding, x = i % p.width + p.window.padding;
    float sum = 0;
    for (std::int64_t at = 0; at < p.kernel(); ++at) {
      const std::int64_t down = y - at / p.window.size, right = x - at % p.window.size;
      if (down < 0 || right < 0 || down % p.window.stride != 0 || right % p.window.stride != 0) continue;
      const std::int64_t line = down / p.window.stride, place = right / p.window.stride;
      if (line >= p.lines || place >= p.places) continue;
      sum += load(columns, ((channel * p.kernel() + at) * p.lines + line) * p.places + place);
    }
    store(image, i, sum);
  });
}

/// The image itself, where the window sees one value at a time.
Ref columns_of(const CudaContext& context, const Patches& p, const Ref& image, const Ref& place) {
  if (p.window.is_point()) return image;
  launch(context, grid_for(context, p.rows() * p.area()), to_columns_kernel, p, image, place);
  return place;
}

Factor matrix(const Ref& ref, std::int64_t stride, bool transposed = false) {
  return {ref.data, ref.type, stride, transposed};
}

/// Where the columns are to lie.
WorkArea columns_at(const Patches& p, void* place, DType type) {
  return {place, static_cast<std::size_t>(p.rows() * p.area()) * size_of(type)};
}

}  // namespace

void conv2d(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [stride, padding] = call.numbers<2>();
  const Shape &x = call.inputs[0].shape, &w = call.inputs[1].shape, &y = call.outputs[0].shape;
  const Patches p(x, y, w[2], stride, padding);
  const WorkArea place = columns_at(p, views.workspaces[0], call.outputs[0].dtype);
  const Ref weight = input(call, views, 1);
  const bool biased = call.inputs.size() == 3;
  if (biased) repeat(context, input(call, views, 2), y[1], p.area(), output(call, views, 0), y.elements());
  const Convolution whole{ConvolutionKind::result,
                          {call.inputs[0], views.inputs[0]},
                          {call.inputs[1], views.inputs[1]},
                          {call.outputs[0], views.outputs[0]},
                          p.window.stride,
                          p.window.padding,
                          call.tf32,
                          biased ? 1.0f : 0.0f};
  if (convolve_if_known(context, whole, place)) return;
  for (std::int64_t n = 0; n < x[0]; ++n) {
    const Ref columns = columns_of(context, p, from(input(call, views, 0), n * x.flat()),
                                   ref_of(place.data, call.outputs[0].dtype));
    Product product{y[1],
                    p.area(),
                    p.rows(),
                    matrix(weight, p.rows()),
                    matrix(columns, p.area()),
                    matrix(from(output(call, views, 0), n * y.flat()), p.area())};
    product.keep = biased ? 1 : 0;
    product.tf32 = call.tf32;
    multiply(context, product, {});
  }
}

void conv2d_backward_input(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [stride, padding] = call.numbers<2>();
  const Shape &grad = call.inputs[0].shape, &w = call.inputs[1].shape, &x = call.outputs[0].shape;
  const Patches p(x, grad, w[2], stride, padding);
  const Convolution whole{ConvolutionKind::image,
                          {call.outputs[0], views.outputs[0]},
                          {call.inputs[1], views.inputs[1]},
                          {call.inputs[0], views.inputs[0]},
                          p.window.stride,
                          p.window.padding,
                          call.tf32};
  if (convolve_if_known(context, whole, columns_at(p, views.outputs[1], call.outputs[1].dtype))) return;
  for (std::int64_t n = 0; n < x[0]; ++n) {
    const Ref image = from(output(call, views, 0), n * x.flat());
    const Ref columns = p.window.is_point() ? image : output(call, views, 1);
    Product product{p.rows(),
                    p.area(),
                    w[0],
                    matrix(input(call, views, 1), p.rows(), true),
                    matrix(from(input(call, views, 0), n * grad.flat()), p.area()),
                    matrix(columns, p.area())};
    product.tf32 = call.tf32;
    multiply(context, product, {});
    if (!p.window.is_point())
      launch(context, grid_for(context, p.values()), from_columns_kernel, p, columns, image);
  }
}

void conv2d_backward_weight(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [kernel, stride, padding] = call.numbers<3>();
  const Shape &grad = call.inputs[0].shape, &x = call.inputs[1].shape;
  const Patches p(x, grad, static_cast<std::int64_t>(kernel), stride, padding);
  const WorkArea place =
      columns_at(p, call.inputs.size() == 3 ? views.inputs[2] : views.workspaces[0], call.inputs[0].dtype);
  const Convolution whole{ConvolutionKind::weight,
                          {call.inputs[1], views.inputs[1]},
                          {call.outputs[0], views.outputs[0]},
                          {call.inputs[0], views.inputs[0]},
                          p.window.stride,
                          p.window.padding,
                          call.tf32};
  if (convolve_if_known(context, whole, place)) return;
  for (std::int64_t n = 0; n < x[0]; ++n) {
    const Ref columns = columns_of(context, p, from(input(call, views, 1), n * x.flat()),
                                   ref_of(place.data, call.inputs[0].dtype));
    Product product{grad[1],
                    p.rows(),
                    p.area(),
                    matrix(from(input(call, views, 0), n * grad.flat()), p.area()),
                    matrix(columns, p.area(), true),
                    matrix(output(call, views, 0), p.rows())};
    product.keep = n == 0 ? 0 : 1;
    product.tf32 = call.tf32;
    multiply(context, product, {});
  }
}

}  // namespace memsweep::cuda
