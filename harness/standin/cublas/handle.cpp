// cuBLAS: handles remember what was set. Products leave their results on the device and have nothing to do
// here (names.txt); functions that hand one number to the host hand out zero.
#include <cublasLt.h>

#include <array>
#include <cstring>
#include <string_view>

#include "harness/standin/driver_model.h"
#include "harness/standin/error_names.h"
#include "harness/standin/library_version.h"

namespace memsweep::standin {
namespace {

enum PointerMode { kHostPointers = 0, kDevicePointers = 1 };

struct BlasHandle {
  cudaStream_t stream = nullptr;
  int pointer_mode = kHostPointers;
  int math_mode = 0;
  int atomics_mode = 0;
  int multiprocessors = 0;  // 0: all
  int emulation_strategy = 0;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

constexpr std::string_view kHandle = "cublasCreate_v2";

/// A function of a handle. A context that is broken executes nothing.
template <class Body>
cublasStatus_t handle_call(std::string_view function, void* handle, Body body) {
  return run_call<cublasStatus_t>(function, [&](DriverModel& model) {
    if (!model.handles.holds(kHandle, handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (model.broken[current_device()] != cudaSuccess) return CUBLAS_STATUS_EXECUTION_FAILED;
    return body(model, *static_cast<BlasHandle*>(handle));
  });
}

template <class Field, class Value>
cublasStatus_t set_field(std::string_view function, void* handle, Field BlasHandle::*field, Value value) {
  return handle_call(function, handle, [&](const DriverModel&, BlasHandle& held) {
    held.*field = value;
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Field>
cublasStatus_t get_field(std::string_view function, void* handle, Field BlasHandle::*field, Field* value) {
  return handle_call(function, handle, [&](const DriverModel&, const BlasHandle& held) {
    *value = held.*field;
    return CUBLAS_STATUS_SUCCESS;
  });
}

}  // namespace

/// A sum or an index of `bytes` bytes that nobody computed: to the host it goes as zero.
cublasStatus_t give_number(std::string_view function, void* handle, void* result, std::size_t bytes) {
  return handle_call(function, handle, [&](DriverModel& model, const BlasHandle& held) {
    if (held.pointer_mode == kHostPointers) {
      std::memset(result, 0, bytes);
      model.observations.note_blind_read(bytes);
    }
    return CUBLAS_STATUS_SUCCESS;
  });
}

extern "C" {

cublasStatus_t cublasCreate_v2(void** handle) {
  return run_call<cublasStatus_t>(kHandle, [&](DriverModel& model) {
    if (model.broken[current_device()] != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = model.handles.create(kHandle, BlasHandle{});
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasDestroy_v2(void* handle) {
  return run_call<cublasStatus_t>("cublasDestroy_v2", [&](DriverModel& model) {
    const bool destroyed = model.handles.destroy(kHandle, handle);
    return destroyed ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
  });
}

/// The handle is not asked for, as in the library.
cublasStatus_t cublasGetVersion_v2(void*, int* version) {
  *version = cublas_version();
  return CUBLAS_STATUS_SUCCESS;
}

/// 0 to 2: the parts of the version, major first.
cublasStatus_t cublasGetProperty(int part, int* value) {
  const std::array parts{cublas_version() / 10000, cublas_version() / 100 % 100, cublas_version() % 100};
  if (part < 0 || part >= static_cast<int>(parts.size())) return CUBLAS_STATUS_INVALID_VALUE;
  *value = parts[part];
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasGetStatusName(cublasStatus_t status) {
  const StatusName* const row = find_cublas_status(status);
  return row == nullptr ? "unrecognized error code" : row->name;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  const StatusName* const row = find_cublas_status(status);
  return row == nullptr ? "unrecognized error code" : row->meaning;
}

cublasStatus_t cublasSetStream_v2(void* handle, cudaStream_t stream) {
  return set_field("cublasSetStream_v2", handle, &BlasHandle::stream, stream);
}
cublasStatus_t cublasGetStream_v2(void* handle, cudaStream_t* stream) {
  return get_field("cublasGetStream_v2", handle, &BlasHandle::stream, stream);
}
cublasStatus_t cublasSetPointerMode_v2(void* handle, int mode) {
  return set_field("cublasSetPointerMode_v2", handle, &BlasHandle::pointer_mode, mode);
}
cublasStatus_t cublasGetPointerMode_v2(void* handle, int* mode) {
  return get_field("cublasGetPointerMode_v2", handle, &BlasHandle::pointer_mode, mode);
}
cublasStatus_t cublasSetMathMode(void* handle, int mode) {
  return set_field("cublasSetMathMode", handle, &BlasHandle::math_mode, mode);
}
cublasStatus_t cublasGetMathMode(void* handle, int* mode) {
  return get_field("cublasGetMathMode", handle, &BlasHandle::math_mode, mode);
}
cublasStatus_t cublasSetAtomicsMode(void* handle, int mode) {
  return set_field("cublasSetAtomicsMode", handle, &BlasHandle::atomics_mode, mode);
}
cublasStatus_t cublasGetAtomicsMode(void* handle, int* mode) {
  return get_field("cublasGetAtomicsMode", handle, &BlasHandle::atomics_mode, mode);
}
cublasStatus_t cublasSetSmCountTarget(void* handle, int multiprocessors) {
  return set_field("cublasSetSmCountTarget", handle, &BlasHandle::multiprocessors, multiprocessors);
}
cublasStatus_t cublasGetSmCountTarget(void* handle, int* multiprocessors) {
  return get_field("cublasGetSmCountTarget", handle, &BlasHandle::multiprocessors, multiprocessors);
}
cublasStatus_t cublasSetEmulationStrategy(void* handle, int strategy) {
  return set_field("cublasSetEmulationStrategy", handle, &BlasHandle::emulation_strategy, strategy);
}
cublasStatus_t cublasGetEmulationStrategy(void* handle, int* strategy) {
  return get_field("cublasGetEmulationStrategy", handle, &BlasHandle::emulation_strategy, strategy);
}

cublasStatus_t cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  return handle_call("cublasSetWorkspace_v2", handle, [&](const DriverModel&, BlasHandle& held) {
    held.workspace = workspace;
    held.workspace_bytes = bytes;
    return CUBLAS_STATUS_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
