// Streams and events. Whatever is queued is done before the call returns, so every stream is always idle and
// every event that was recorded has passed; their times are the host's.
#include <chrono>
#include <optional>

#include "harness/standin/cudart/call.h"

struct CUstream_st {
  unsigned flags;
  int priority;
};

struct CUevent_st {
  using Clock = std::chrono::steady_clock;

  bool timed;
  std::optional<Clock::time_point> recorded;
};

namespace memsweep::standin {
namespace {

constexpr std::string_view kEvent = "cudaEventCreate";

cudaError_t create_stream(std::string_view function, cudaStream_t* stream, unsigned flags, int priority) {
  return call(function, [&](DriverModel& model) {
    if (flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    *stream = model.handles.create(kStream, CUstream_st{flags, priority});
    return cudaSuccess;
  });
}

cudaError_t create_event(std::string_view function, cudaEvent_t* event, unsigned flags) {
  return call(function, [&](DriverModel& model) {
    *event = model.handles.create(kEvent, CUevent_st{(flags & cudaEventDisableTiming) == 0, std::nullopt});
    return cudaSuccess;
  });
}

cudaError_t use_stream(std::string_view function, cudaStream_t stream, bool waits) {
  return call(function, [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    if (waits) model.pools[current_device()].waited();
    return cudaSuccess;
  });
}

cudaError_t use_event(std::string_view function, cudaEvent_t event, bool waits) {
  return call(function, [&](DriverModel& model) {
    if (!model.handles.holds(kEvent, event)) return cudaErrorInvalidResourceHandle;
    if (waits) model.pools[current_device()].waited();
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
    return known ? cudaSuccess : cudaErrorInvalidResourceHandle;
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
  return call("cudaEventRecord", [&](const DriverModel& model) {
    if (!is_stream(model, stream) || !model.handles.holds(kEvent, event))
      return cudaErrorInvalidResourceHandle;
    event->recorded = CUevent_st::Clock::now();
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) { return use_event("cudaEventQuery", event, false); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return use_event("cudaEventSynchronize", event, true); }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call("cudaEventElapsedTime", [&](const DriverModel& model) {
    for (const cudaEvent_t event : {start, end}) {
      if (!model.handles.holds(kEvent, event)) return cudaErrorInvalidResourceHandle;
      if (!event->timed || !event->recorded) return cudaErrorInvalidResourceHandle;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(*end->recorded - *start->recorded).count();
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
