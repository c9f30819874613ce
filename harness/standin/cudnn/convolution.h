// Convolutions of images in the layout NCHW, as cuDNN's older interface describes them.
#pragma once

#include <library_types.h>

#include <array>
#include <cstdint>
#include <vector>

#include "harness/standin/cudnn/tensors.h"
#include "harness/standin/ranges.h"

namespace memsweep::standin {

/// What a descriptor of a convolution holds.
struct ConvolutionDescription {
  std::vector<int> paddings, strides, dilations;
  int mode = 0;
  int sums = 0;  // their type
  int math = cuda::CUDNN_DEFAULT_MATH;
  int groups = 1;
};

/// What is computed of the other two.
enum class Computed { result, image, filter };

/// One that can be computed here: y [images, filters, lines, places] of x [images, channels, height, width]
/// and w [filters, channels, kernel[0], kernel[1]].
struct Convolution {
  std::int64_t images, channels, height, width, filters, lines, places;
  std::array<std::int64_t, 2> kernel, stride, padding;
  std::uint32_t type;  // CUDA_R_…
  bool tf32;

  [[nodiscard]] std::int64_t x_elements() const { return images * channels * height * width; }
  [[nodiscard]] std::int64_t w_elements() const { return filters * channels * kernel[0] * kernel[1]; }
  [[nodiscard]] std::int64_t y_elements() const { return images * filters * lines * places; }
};

/// Addresses of the device, of which one is written.
struct ConvolutionData {
  float alpha, beta;
  void *x, *w, *y;
};

/// The convolution that descriptors describe. CUDNN_STATUS_BAD_PARAM: they do not go together;
/// CUDNN_STATUS_NOT_SUPPORTED: it is none of those above.
[[nodiscard]] cudnnStatus_t read_convolution(const TensorShape& image, const TensorShape& filter,
                                             const TensorShape& result,
                                             const ConvolutionDescription& description, Convolution& read);

/// On the host: sums are doubles and rounded once.
void compute(const Convolution& convolution, Computed computed, const ConvolutionData& data);

}  // namespace memsweep::standin
