// What convolutions need of cuDNN 9's interface. NVIDIA's headers of it are no part of the toolkit, and the
// library is loaded where a machine has it. Names and numbers are cuDNN's.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace memsweep::cuda {

/// Thousands are categories: a library may answer with others of the same one.
enum cudnnStatus_t {
  CUDNN_STATUS_SUCCESS = 0,
  CUDNN_STATUS_NOT_INITIALIZED = 1001,
  CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH = 1002,
  CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED = 1008,
  CUDNN_STATUS_BAD_PARAM = 2000,
  CUDNN_STATUS_NOT_SUPPORTED = 3000,
  CUDNN_STATUS_INTERNAL_ERROR = 4000,
  CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED = 4003,  // CUDNN_STATUS_ALLOC_FAILED, too
  CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED = 4004,
  CUDNN_STATUS_EXECUTION_FAILED = 5000
};

enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_HALF = 2, CUDNN_DATA_BFLOAT16 = 9 };
enum cudnnTensorFormat_t { CUDNN_TENSOR_NCHW = 0 };
enum cudnnConvolutionMode_t { CUDNN_CROSS_CORRELATION = 1 };
enum cudnnDeterminism_t { CUDNN_NON_DETERMINISTIC = 0, CUDNN_DETERMINISTIC = 1 };

enum cudnnMathType_t {
  CUDNN_DEFAULT_MATH = 0,  // f32 may be read as TF32
  CUDNN_TENSOR_OP_MATH = 1,
  CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION = 2,
  CUDNN_FMA_MATH = 3  // no tensor cores
};

/// A way to compute a convolution. cuDNN has an enumeration and a struct for each of the three kinds.
struct cudnnConvolutionAlgoPerf_t {
  int algo;
  cudnnStatus_t status;
  float time;
  std::size_t memory;  // bytes of the workspace
  cudnnDeterminism_t determinism;
  cudnnMathType_t mathType;
  int reserved[3];
};

using cudnnHandle_t = void*;
using cudnnDescriptor_t = void*;  // of a tensor, a filter or a convolution

/// A function of the library, once it is loaded.
template <class... Parameters>
struct CudnnFunction {
  const char* name;
  cudnnStatus_t (*address)(Parameters...) = nullptr;
};

struct CudnnFunctions {
  /// c = alpha conv(a, b) + beta c, of one of the kinds of convolutions.
  struct Kind {
    /// a, b, convolution, c; how many are asked for, how many there are: the fastest first, as cuDNN reckons.
    CudnnFunction<cudnnHandle_t, cudnnDescriptor_t, cudnnDescriptor_t, cudnnDescriptor_t, cudnnDescriptor_t,
                  int, int*, cudnnConvolutionAlgoPerf_t*>
        find;
    /// a, b, convolution, c, algorithm, bytes.
    CudnnFunction<cudnnHandle_t, cudnnDescriptor_t, cudnnDescriptor_t, cudnnDescriptor_t, cudnnDescriptor_t,
                  int, std::size_t*>
        workspace;
    /// alpha, a, b, convolution, algorithm, workspace and its bytes, beta, c.
    CudnnFunction<cudnnHandle_t, const void*, cudnnDescriptor_t, const void*, cudnnDescriptor_t, const void*,
                  cudnnDescriptor_t, int, void*, std::size_t, const void*, cudnnDescriptor_t, void*>
        run;
  };

  /// cuDNN 9.19.0 is 91900.
  std::size_t (*version)() = nullptr;
  const char* (*error_string)(cudnnStatus_t) = nullptr;
  void (*last_error_string)(char* message, std::size_t bytes) = nullptr;

  CudnnFunction<cudnnHandle_t*> create{"cudnnCreate"};
  CudnnFunction<cudnnHandle_t> destroy{"cudnnDestroy"};
  CudnnFunction<cudnnHandle_t, cudaStream_t> set_stream{"cudnnSetStream"};

  CudnnFunction<cudnnDescriptor_t*> create_tensor{"cudnnCreateTensorDescriptor"};
  CudnnFunction<cudnnDescriptor_t> destroy_tensor{"cudnnDestroyTensorDescriptor"};
  /// Type, rank, extents, strides in elements.
  CudnnFunction<cudnnDescriptor_t, cudnnDataType_t, int, const int*, const int*> set_tensor{
      "cudnnSetTensorNdDescriptor"};

  CudnnFunction<cudnnDescriptor_t*> create_filter{"cudnnCreateFilterDescriptor"};
  CudnnFunction<cudnnDescriptor_t> destroy_filter{"cudnnDestroyFilterDescriptor"};
  /// Type, format, rank, extents.
  CudnnFunction<cudnnDescriptor_t, cudnnDataType_t, cudnnTensorFormat_t, int, const int*> set_filter{
      "cudnnSetFilterNdDescriptor"};

  CudnnFunction<cudnnDescriptor_t*> create_convolution{"cudnnCreateConvolutionDescriptor"};
  CudnnFunction<cudnnDescriptor_t> destroy_convolution{"cudnnDestroyConvolutionDescriptor"};
  /// Dimensions of the image; for each the padding, the stride, the dilation; mode; the type of the sums.
  CudnnFunction<cudnnDescriptor_t, int, const int*, const int*, const int*, cudnnConvolutionMode_t,
                cudnnDataType_t>
      set_convolution{"cudnnSetConvolutionNdDescriptor"};
  CudnnFunction<cudnnDescriptor_t, cudnnMathType_t> set_math{"cudnnSetConvolutionMathType"};

  /// y = conv(x, w).
  Kind forward{{"cudnnGetConvolutionForwardAlgorithm_v7"},
               {"cudnnGetConvolutionForwardWorkspaceSize"},
               {"cudnnConvolutionForward"}};
  /// dx of w and dy.
  Kind backward_input{{"cudnnGetConvolutionBackwardDataAlgorithm_v7"},
                      {"cudnnGetConvolutionBackwardDataWorkspaceSize"},
                      {"cudnnConvolutionBackwardData"}};
  /// dw of x and dy.
  Kind backward_weight{{"cudnnGetConvolutionBackwardFilterAlgorithm_v7"},
                       {"cudnnGetConvolutionBackwardFilterWorkspaceSize"},
                       {"cudnnConvolutionBackwardFilter"}};
};

}  // namespace memsweep::cuda
