// The driver's log of errors. Nothing is written to it here, so that no callback is ever called.
#include "harness/standin/cuda/call.h"

namespace memsweep::standin {

extern "C" {

CUresult cuLogsRegisterCallback(CUlogsCallback, void*, CUlogsCallbackHandle* handle) {
  return driver_query("cuLogsRegisterCallback", [&](const DriverModel&) {
    static char registered;
    if (handle != nullptr) *handle = reinterpret_cast<CUlogsCallbackHandle>(&registered);
    return CUDA_SUCCESS;
  });
}

CUresult cuLogsUnregisterCallback(CUlogsCallbackHandle) {
  return driver_query("cuLogsUnregisterCallback", [](const DriverModel&) { return CUDA_SUCCESS; });
}

}  // extern "C"
}  // namespace memsweep::standin
