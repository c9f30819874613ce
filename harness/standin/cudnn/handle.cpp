#include <array>

#include "harness/standin/cudnn/call.h"
#include "harness/standin/cudnn/true_library.h"
#include "harness/standin/error_names.h"

namespace memsweep::standin {
namespace {

constexpr std::size_t kVersion = 92600;  // PyTorch refuses one older than its own, which is this in 2.15
constexpr std::size_t kRuntimeVersion = 13000;

struct DnnHandle {
  cudaStream_t stream = nullptr;
};

}  // namespace

extern "C" {

cudnnStatus_t cudnnCreate(void** handle) { return create<DnnHandle>(kDnnHandle, handle); }
cudnnStatus_t cudnnDestroy(void* handle) { return destroy("cudnnDestroy", kDnnHandle, handle); }

cudnnStatus_t cudnnSetStream(void* handle, cudaStream_t stream) {
  return dnn_call("cudnnSetStream", [&](const DriverModel& model) {
    if (!model.handles.holds(kDnnHandle, handle)) return CUDNN_STATUS_NOT_INITIALIZED;
    static_cast<DnnHandle*>(handle)->stream = stream;
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnGetStream(void* handle, cudaStream_t* stream) {
  return dnn_call("cudnnGetStream", [&](const DriverModel& model) {
    if (!model.handles.holds(kDnnHandle, handle)) return CUDNN_STATUS_NOT_INITIALIZED;
    *stream = static_cast<const DnnHandle*>(handle)->stream;
    return CUDNN_STATUS_SUCCESS;
  });
}

std::size_t cudnnGetVersion() {
  const std::size_t version = asked_cudnn().version;
  return version == 0 ? kVersion : version;
}
std::size_t cudnnGetCudartVersion() { return kRuntimeVersion; }
std::size_t cudnnGetMaxDeviceVersion() { return 0; }

/// 0 to 2: the parts of the version, major first.
cudnnStatus_t cudnnGetProperty(int part, int* value) {
  const auto version = static_cast<int>(cudnnGetVersion());
  const std::array parts{version / 10'000, version / 100 % 100, version % 100};
  if (part < 0 || part >= static_cast<int>(parts.size())) return CUDNN_STATUS_BAD_PARAM;
  *value = parts[part];
  return CUDNN_STATUS_SUCCESS;
}

const char* cudnnGetErrorString(cudnnStatus_t status) {
  const StatusName* const row = find_cudnn_status(status);
  return row == nullptr ? "CUDNN_UNKNOWN_STATUS" : row->name;
}

void cudnnGetLastErrorString(char* message, std::size_t bytes) {
  if (bytes > 0) message[0] = '\0';
}

}  // extern "C"
}  // namespace memsweep::standin
