// Code that is loaded while the program runs: known by name, launched, never run.
#include <memory>
#include <string>
#include <vector>

#include "harness/standin/cuda/call.h"

struct CUfunc_st {
  std::string name;
};

struct CUmod_st {
  std::vector<std::unique_ptr<CUfunc_st>> functions;
};

namespace memsweep::standin {
namespace {

constexpr std::string_view kModule = "cuModuleLoadData";
constexpr int kRegisters = 32;
constexpr int kMostThreads = 1024;

CUresult load(std::string_view function, CUmodule* module) {
  return driver_call(function, [&](DriverModel& model) {
    const auto made = std::make_shared<CUmod_st>();
    model.handles.own(kModule, made);
    *module = made.get();
    return CUDA_SUCCESS;
  });
}

CUresult launch(std::string_view name, CUfunction function) {
  return driver_call(name, [&](DriverModel& model) {
    model.observations.last_kernel = function->name.c_str();
    model.rules.kernel_launched(nullptr, nullptr);
    return CUDA_SUCCESS;
  });
}

}  // namespace

extern "C" {

CUresult cuModuleLoad(CUmodule* module, const char*) { return load("cuModuleLoad", module); }
CUresult cuModuleLoadData(CUmodule* module, const void*) { return load("cuModuleLoadData", module); }
CUresult cuModuleLoadDataEx(CUmodule* module, const void*, unsigned int, void*, void**) {
  return load("cuModuleLoadDataEx", module);
}

/// The module stays: what is said of the last kernel names its functions.
CUresult cuModuleUnload(CUmodule module) {
  return driver_call("cuModuleUnload", [&](const DriverModel& model) {
    return model.handles.holds(kModule, module) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Every name is taken for one that the module has.
CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return driver_call("cuModuleGetFunction", [&](const DriverModel& model) {
    if (!model.handles.holds(kModule, module)) return CUDA_ERROR_INVALID_HANDLE;
    module->functions.push_back(std::make_unique<CUfunc_st>(CUfunc_st{name}));
    *function = module->functions.back().get();
    return CUDA_SUCCESS;
  });
}

CUresult cuLaunchKernel(CUfunction function, unsigned int, unsigned int, unsigned int, unsigned int,
                        unsigned int, unsigned int, unsigned int, CUstream, void**, void**) {
  return launch("cuLaunchKernel", function);
}

CUresult cuLaunchKernelEx(const void*, CUfunction function, void**, void**) {
  return launch("cuLaunchKernelEx", function);
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned int, unsigned int, unsigned int,
                                   unsigned int, unsigned int, unsigned int, unsigned int, CUstream, void**) {
  return launch("cuLaunchCooperativeKernel", function);
}

CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction) {
  return driver_call("cuFuncGetAttribute", [&](const DriverModel& model) {
    switch (attribute) {
      case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = kMostThreads; break;
      case CU_FUNC_ATTRIBUTE_NUM_REGS: *value = kRegisters; break;
      case CU_FUNC_ATTRIBUTE_PTX_VERSION:
      case CU_FUNC_ATTRIBUTE_BINARY_VERSION: *value = model.settings.capability; break;
      default: *value = 0; break;  // bytes of shared, constant and local memory
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncSetAttribute(CUfunction, int, int) {
  return driver_call("cuFuncSetAttribute", [](const DriverModel&) { return CUDA_SUCCESS; });
}

CUresult cuFuncSetCacheConfig(CUfunction, int) {
  return driver_call("cuFuncSetCacheConfig", [](const DriverModel&) { return CUDA_SUCCESS; });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int block_size, size_t) {
  return driver_call("cuOccupancyMaxActiveBlocksPerMultiprocessor", [&](const DriverModel& model) {
    if (block_size < 1) return CUDA_ERROR_INVALID_VALUE;
    *blocks = model.settings.threads / block_size;
    return CUDA_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
