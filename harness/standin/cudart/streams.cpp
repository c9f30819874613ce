// Streams and events. Whatever is queued is done before the call returns, so every stream is always idle and
// every event that was recorded has passed; their times are the host's.
#include "harness/standin/cudart/streams.h"

#include <algorithm>

#include "harness/standin/cudart/call.h"

namespace memsweep::standin {
namespace {

cudaError_t create_stream(std::string_view function, cudaStream_t* stream, unsigned flags, int priority) {
  return call(function, [&](DriverModel& model) {
    if (flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    const int nearest = std::clamp(priority, kGreatestPriority, kLeastPriority);
    *stream = model.handles.create(kStream, CUstream_st{flags, nearest, current_device(), {}});
    return cudaSuccess;
  });
}

cudaError_t create_event(std::string_view function, cudaEvent_t* event, unsigned flags) {
  return call(function, [&](DriverModel& model) {
    *event =
        model.handles.create(kEvent, CUevent_st{(flags & cudaEventDisableTiming) == 0, std::nullopt, {}});
    return cudaSuccess;
  });
}

cudaError_t use_stream(std::string_view function, cudaStream_t stream, bool waits) {
  return call(function, [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const CUstream_st* const found = find_stream(model, stream);
    if (found != nullptr && found->capture.id != 0) return cudaErrorStreamCaptureUnsupported;
    if (waits) model.pools[current_device()].waited();
    return cudaSuccess;
  });
}

cudaError_t use_event(std::string_view function, cudaEvent_t event, bool waits) {
  return call(function, [&](DriverModel& model) {
    if (!model.handles.holds(kEvent, event)) return cudaErrorInvalidResourceHandle;
    if (event->capture.id != 0) return cudaErrorCapturedEvent;
    if (waits) model.pools[current_device()].waited();
    return cudaSuccess;
  });
}

cudaError_t record_event(std::string_view function, cudaEvent_t event, cudaStream_t stream) {
  return call(function, [&](const DriverModel& model) {
    if (!is_stream(model, stream) || !model.handles.holds(kEvent, event)) {
      return cudaErrorInvalidResourceHandle;
    }
    event->recorded = CUevent_st::Clock::now();
    const CUstream_st* const found = find_stream(model, stream);
    event->capture = found == nullptr ? Capture{} : found->capture;
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return create_stream("cudaStreamCreate", stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  return create_stream("cudaStreamCreateWithFlags", stream, flags, 0);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int priority) {
  return create_stream("cudaStreamCreateWithPriority", stream, flags, priority);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call("cudaStreamDestroy", [&](DriverModel& model) {
    return model.handles.destroy(kStream, stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) { return use_stream("cudaStreamQuery", stream, false); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return use_stream("cudaStreamSynchronize", stream, true);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  return call("cudaStreamWaitEvent", [&](const DriverModel& model) {
    const bool known = is_stream(model, stream) && model.handles.holds(kEvent, event);
    if (!known) return cudaErrorInvalidResourceHandle;
    CUstream_st* const waiting = find_stream(model, stream);
    if (is_active(model, event->capture)) {
      if (waiting == nullptr) return cudaErrorStreamCaptureImplicit;
      waiting->capture = event->capture;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  return call("cudaStreamGetPriority", [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const CUstream_st* const found = find_stream(model, stream);
    *priority = found == nullptr ? 0 : found->priority;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned int* flags) {
  return call("cudaStreamGetFlags", [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const CUstream_st* const found = find_stream(model, stream);
    *flags = found == nullptr ? cudaStreamDefault : found->flags;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  return call("cudaStreamGetDevice", [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const CUstream_st* const found = find_stream(model, stream);
    *device = found == nullptr ? current_device() : found->device;
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return create_event("cudaEventCreate", event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return create_event("cudaEventCreateWithFlags", event, flags);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call("cudaEventDestroy", [&](DriverModel& model) {
    return model.handles.destroy(kEvent, event) ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return record_event("cudaEventRecord", event, stream);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int) {
  return record_event("cudaEventRecordWithFlags", event, stream);
}

cudaError_t cudaEventQuery(cudaEvent_t event) { return use_event("cudaEventQuery", event, false); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return use_event("cudaEventSynchronize", event, true); }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call("cudaEventElapsedTime", [&](const DriverModel& model) {
    for (const cudaEvent_t event : {start, end}) {
      if (!model.handles.holds(kEvent, event)) return cudaErrorInvalidResourceHandle;
      if (!event->timed || !event->recorded) return cudaErrorInvalidResourceHandle;
    }
    if (start->capture.id != 0 || end->capture.id != 0) return cudaErrorCapturedEvent;
    *milliseconds = std::chrono::duration<float, std::milli>(*end->recorded - *start->recorded).count();
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
