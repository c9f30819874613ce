// Libraries of code as the driver loads them (cuLibrary…), by their own signatures.
#include <cuda.h>
#include <gtest/gtest.h>

#include "harness/standin/control.h"

extern "C" {
CUresult cuLibraryLoadData(CUmodule* library, const void* code, void* jit_options, void** jit_values,
                           unsigned int jit_count, void* options, void** values, unsigned int count);
CUresult cuLibraryUnload(CUmodule library);
CUresult cuLibraryGetModule(CUmodule* module, CUmodule library);
CUresult cuLibraryGetKernel(CUfunction* kernel, CUmodule library, const char* name);
CUresult cuKernelGetFunction(CUfunction* function, CUfunction kernel);
CUresult cuKernelGetAttribute(int* value, int attribute, CUfunction kernel, CUdevice device);
CUresult cuKernelSetAttribute(int attribute, int value, CUfunction kernel, CUdevice device);
}

namespace memsweep::standin {
namespace {

TEST(CodeLibraries, HaveEveryKernelThatIsAskedFor) {
  reset("memory=64MiB,capability=80");
  CUmodule library = nullptr, module = nullptr;
  ASSERT_EQ(cuLibraryLoadData(&library, "", nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetModule(&module, library), CUDA_SUCCESS);
  EXPECT_EQ(module, library);
  CUfunction kernel = nullptr, function = nullptr;
  ASSERT_EQ(cuLibraryGetKernel(&kernel, library, "attend"), CUDA_SUCCESS);
  ASSERT_EQ(cuKernelGetFunction(&function, kernel), CUDA_SUCCESS);
  EXPECT_EQ(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 128, kernel, 0), CUDA_SUCCESS);
  int value = 0;
  EXPECT_EQ(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_BINARY_VERSION, kernel, 0), CUDA_SUCCESS);
  EXPECT_EQ(value, 80);
  EXPECT_EQ(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
}

TEST(CodeLibraries, NothingIsFoundInWhatIsNone) {
  reset("memory=64MiB");
  int no_library = 0;
  CUfunction kernel = nullptr;
  EXPECT_EQ(cuLibraryGetKernel(&kernel, reinterpret_cast<CUmodule>(&no_library), "attend"),
            CUDA_ERROR_INVALID_HANDLE);
}

}  // namespace
}  // namespace memsweep::standin
