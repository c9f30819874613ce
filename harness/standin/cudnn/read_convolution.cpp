#include <algorithm>

#include "harness/standin/cudnn/convolution.h"

namespace memsweep::standin {
namespace {

using cuda::CUDNN_DATA_BFLOAT16;
using cuda::CUDNN_DATA_FLOAT;
using cuda::CUDNN_DATA_HALF;

bool has_ranks(const TensorShape& image, const TensorShape& filter, const TensorShape& result,
               const ConvolutionDescription& how) {
  return image.extents.size() == 4 && filter.extents.size() == 4 && result.extents.size() == 4 &&
         how.paddings.size() == 2;
}

bool is_dense(const TensorShape& tensor) {
  int stride = 1;
  for (std::size_t i = tensor.extents.size(); i-- > 0;) {
    if (tensor.strides[i] != stride) return false;
    stride *= tensor.extents[i];
  }
  return true;
}

bool is_simple(const ConvolutionDescription& how) {
  return how.dilations == std::vector{1, 1} && how.groups == 1 && how.mode == cuda::CUDNN_CROSS_CORRELATION &&
         how.sums == CUDNN_DATA_FLOAT;
}

bool is_known_type(int type) {
  return type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16;
}

std::uint32_t value_type(int type) {
  return type == CUDNN_DATA_HALF ? CUDA_R_16F : type == CUDNN_DATA_BFLOAT16 ? CUDA_R_16BF : CUDA_R_32F;
}

/// The extents of the result.
std::vector<int> expected_result(const TensorShape& image, const TensorShape& filter,
                                 const ConvolutionDescription& how) {
  std::vector<int> extents{image.extents[0], filter.extents[0]};
  for (std::size_t i = 0; i < 2; ++i) {
    const int room = image.extents[i + 2] + 2 * how.paddings[i] - filter.extents[i + 2];
    extents.push_back(room < 0 ? 0 : room / how.strides[i] + 1);
  }
  return extents;
}

}  // namespace

cudnnStatus_t read_convolution(const TensorShape& image, const TensorShape& filter, const TensorShape& result,
                               const ConvolutionDescription& how, Convolution& read) {
  if (!has_ranks(image, filter, result, how) || !is_simple(how) || !is_known_type(image.type) ||
      filter.format != cuda::CUDNN_TENSOR_NCHW || !is_dense(image) || !is_dense(result))
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (std::ranges::any_of(how.strides, [](int stride) { return stride < 1; })) return CUDNN_STATUS_BAD_PARAM;
  if (filter.type != image.type || result.type != image.type || filter.extents[1] != image.extents[1] ||
      result.extents != expected_result(image, filter, how))
    return CUDNN_STATUS_BAD_PARAM;
  const auto &x = image.extents, &w = filter.extents, &y = result.extents;
  read = {x[0],
          x[1],
          x[2],
          x[3],
          w[0],
          y[2],
          y[3],
          {w[2], w[3]},
          {how.strides[0], how.strides[1]},
          {how.paddings[0], how.paddings[1]},
          value_type(image.type),
          image.type == CUDNN_DATA_FLOAT && how.math != cuda::CUDNN_FMA_MATH};
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace memsweep::standin
