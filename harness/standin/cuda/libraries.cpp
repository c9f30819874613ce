// Code that is loaded for every context at once: a module under another name, whose functions are called
// kernels.
#include "harness/standin/cuda/call.h"

typedef CUmodule CUlibrary;
typedef CUfunction CUkernel;

extern "C" {

CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function);
CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value);

CUresult cuLibraryLoadData(CUlibrary* library, const void* code, void*, void**, unsigned int, void*, void**,
                           unsigned int) {
  return cuModuleLoadData(library, code);
}

CUresult cuLibraryUnload(CUlibrary library) { return cuModuleUnload(library); }

CUresult cuLibraryGetModule(CUmodule* module, CUlibrary library) {
  *module = library;
  return CUDA_SUCCESS;
}

CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  return cuModuleGetFunction(kernel, library, name);
}

CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  *function = kernel;
  return CUDA_SUCCESS;
}

CUresult cuKernelGetAttribute(int* value, int attribute, CUkernel kernel, CUdevice) {
  return cuFuncGetAttribute(value, attribute, kernel);
}

CUresult cuKernelSetAttribute(int attribute, int value, CUkernel kernel, CUdevice) {
  return cuFuncSetAttribute(kernel, attribute, value);
}

}  // extern "C"
