// What the libraries say of themselves: the same code is linked into those of CUDA 12 and of CUDA 13.
#pragma once

namespace memsweep::standin {

/// Of the library that asks: 12 or 13.
extern const int kCudaMajor;

/// As cudaRuntimeGetVersion() has it: 12.8 or 13.0.
inline int runtime_version() { return kCudaMajor == 12 ? 12080 : 13000; }

/// As cublasLtGetVersion() has it: that of CUDA 12.8 or 13.0.
inline int cublas_version() { return kCudaMajor == 12 ? 120804 : 130100; }

/// As cufftGetVersion() has it.
inline int cufft_version() { return kCudaMajor == 12 ? 11303 : 12000; }

}  // namespace memsweep::standin
