// Built where NVIDIA's headers of cuDNN are: what is declared of it here is what they say.
#include <cudnn.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

#include "kernels/cuda/cudnn_api.h"

namespace memsweep {
namespace {

/// Whether one is passed as the other: both addresses, or numbers of one size.
template <class Ours, class Theirs>
constexpr bool kPassedAlike =
    std::is_pointer_v<Ours> == std::is_pointer_v<Theirs> &&
    sizeof(Ours) == sizeof(Theirs) && std::is_floating_point_v<Ours> == std::is_floating_point_v<Theirs>;

template <class Ours, class Theirs>
constexpr bool kDeclaredAlike = false;
template <class... Ours, class... Theirs>
requires(
    sizeof...(Ours) ==
    sizeof...(Theirs)) constexpr bool kDeclaredAlike<cuda::CudnnFunction<Ours...>, cudnnStatus_t(Theirs...)> =
    (kPassedAlike<Ours, Theirs> && ...);

#define EXPECT_DECLARED(function, member)                                                                  \
  EXPECT_TRUE((kDeclaredAlike<decltype(cuda::CudnnFunctions{}.member), decltype(function)>)) << #function; \
  EXPECT_STREQ(cuda::CudnnFunctions{}.member.name, #function)
#define EXPECT_NUMBER(name) EXPECT_EQ(static_cast<int>(cuda::name), static_cast<int>(::name)) << #name

TEST(CudnnApi, FunctionsAreThoseOfTheLibrary) {
  EXPECT_DECLARED(cudnnCreate, create);
  EXPECT_DECLARED(cudnnDestroy, destroy);
  EXPECT_DECLARED(cudnnSetStream, set_stream);
  EXPECT_DECLARED(cudnnCreateTensorDescriptor, create_tensor);
  EXPECT_DECLARED(cudnnDestroyTensorDescriptor, destroy_tensor);
  EXPECT_DECLARED(cudnnSetTensorNdDescriptor, set_tensor);
  EXPECT_DECLARED(cudnnCreateFilterDescriptor, create_filter);
  EXPECT_DECLARED(cudnnDestroyFilterDescriptor, destroy_filter);
  EXPECT_DECLARED(cudnnSetFilterNdDescriptor, set_filter);
  EXPECT_DECLARED(cudnnCreateConvolutionDescriptor, create_convolution);
  EXPECT_DECLARED(cudnnDestroyConvolutionDescriptor, destroy_convolution);
  EXPECT_DECLARED(cudnnSetConvolutionNdDescriptor, set_convolution);
  EXPECT_DECLARED(cudnnSetConvolutionMathType, set_math);
  EXPECT_DECLARED(cudnnGetConvolutionForwardAlgorithm_v7, forward.find);
  EXPECT_DECLARED(cudnnGetConvolutionForwardWorkspaceSize, forward.workspace);
  EXPECT_DECLARED(cudnnConvolutionForward, forward.run);
  EXPECT_DECLARED(cudnnGetConvolutionBackwardDataAlgorithm_v7, backward_input.find);
  EXPECT_DECLARED(cudnnGetConvolutionBackwardDataWorkspaceSize, backward_input.workspace);
  EXPECT_DECLARED(cudnnConvolutionBackwardData, backward_input.run);
  EXPECT_DECLARED(cudnnGetConvolutionBackwardFilterAlgorithm_v7, backward_weight.find);
  EXPECT_DECLARED(cudnnGetConvolutionBackwardFilterWorkspaceSize, backward_weight.workspace);
  EXPECT_DECLARED(cudnnConvolutionBackwardFilter, backward_weight.run);
}

TEST(CudnnApi, NumbersAreThoseOfTheLibrary) {
  EXPECT_EQ(CUDNN_MAJOR, 9);
  EXPECT_NUMBER(CUDNN_STATUS_SUCCESS);
  EXPECT_NUMBER(CUDNN_STATUS_NOT_INITIALIZED);
  EXPECT_NUMBER(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH);
  EXPECT_NUMBER(CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED);
  EXPECT_NUMBER(CUDNN_STATUS_BAD_PARAM);
  EXPECT_NUMBER(CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_NUMBER(CUDNN_STATUS_INTERNAL_ERROR);
  EXPECT_NUMBER(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
  EXPECT_NUMBER(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED);
  EXPECT_NUMBER(CUDNN_STATUS_EXECUTION_FAILED);
  EXPECT_NUMBER(CUDNN_DATA_FLOAT);
  EXPECT_NUMBER(CUDNN_DATA_HALF);
  EXPECT_NUMBER(CUDNN_DATA_BFLOAT16);
  EXPECT_NUMBER(CUDNN_TENSOR_NCHW);
  EXPECT_NUMBER(CUDNN_CROSS_CORRELATION);
  EXPECT_NUMBER(CUDNN_NON_DETERMINISTIC);
  EXPECT_NUMBER(CUDNN_DETERMINISTIC);
  EXPECT_NUMBER(CUDNN_DEFAULT_MATH);
  EXPECT_NUMBER(CUDNN_TENSOR_OP_MATH);
  EXPECT_NUMBER(CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION);
  EXPECT_NUMBER(CUDNN_FMA_MATH);
}

template <class Theirs>
void expect_layout() {
  using Ours = cuda::cudnnConvolutionAlgoPerf_t;
  EXPECT_EQ(sizeof(Ours), sizeof(Theirs));
  EXPECT_EQ(offsetof(Ours, algo), offsetof(Theirs, algo));
  EXPECT_EQ(offsetof(Ours, status), offsetof(Theirs, status));
  EXPECT_EQ(offsetof(Ours, time), offsetof(Theirs, time));
  EXPECT_EQ(offsetof(Ours, memory), offsetof(Theirs, memory));
  EXPECT_EQ(offsetof(Ours, determinism), offsetof(Theirs, determinism));
  EXPECT_EQ(offsetof(Ours, mathType), offsetof(Theirs, mathType));
}

TEST(CudnnApi, AnAlgorithmLiesAsInTheLibrary) {
  expect_layout<cudnnConvolutionFwdAlgoPerf_t>();
  expect_layout<cudnnConvolutionBwdDataAlgoPerf_t>();
  expect_layout<cudnnConvolutionBwdFilterAlgoPerf_t>();
}

}  // namespace
}  // namespace memsweep
