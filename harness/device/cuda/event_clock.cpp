#include "harness/device/cuda/event_clock.h"

#include "kernels/cuda/check.h"

namespace memsweep {

CudaEvent::CudaEvent() { cuda::check(cudaEventCreate(&event_), "cudaEventCreate"); }

CudaEvent::~CudaEvent() {
  cuda::give_back([this] { return cudaEventDestroy(event_); });
}

EventClock::EventClock(cudaStream_t stream) : stream_(stream) {
  cuda::check(cudaEventRecord(events_[last_].get(), stream_), "cudaEventRecord");
}

/// From event to event: milliseconds as a float would lose what a step takes within an hour.
double EventClock::now() {
  const cudaEvent_t last = events_[last_].get(), now = events_[1 - last_].get();
  cuda::check(cudaEventRecord(now, stream_), "cudaEventRecord");
  cuda::check(cudaEventSynchronize(now), "cudaEventSynchronize");
  float milliseconds = 0;
  cuda::check(cudaEventElapsedTime(&milliseconds, last, now), "cudaEventElapsedTime");
  last_ = 1 - last_;
  seconds_ += static_cast<double>(milliseconds) / 1e3;
  return seconds_;
}

}  // namespace memsweep
