#include "harness/device/cuda/event_clock.h"

#include <utility>

#include "kernels/cuda/check.h"

namespace memsweep {

EventClock::EventClock(cudaStream_t stream) : stream_(stream) {
  cuda::check(cudaEventCreate(&last_), "cudaEventCreate");
  try {
    cuda::check(cudaEventCreate(&next_), "cudaEventCreate");
    cuda::check(cudaEventRecord(last_, stream_), "cudaEventRecord");
  } catch (const CudaError&) {
    static_cast<void>(cudaEventDestroy(last_));
    if (next_ != nullptr) static_cast<void>(cudaEventDestroy(next_));
    throw;
  }
}

EventClock::~EventClock() {
  static_cast<void>(cudaEventDestroy(last_));
  static_cast<void>(cudaEventDestroy(next_));
}

/// From event to event: milliseconds as a float would lose what a step takes within an hour.
double EventClock::now() {
  cuda::check(cudaEventRecord(next_, stream_), "cudaEventRecord");
  cuda::check(cudaEventSynchronize(next_), "cudaEventSynchronize");
  float milliseconds = 0;
  cuda::check(cudaEventElapsedTime(&milliseconds, last_, next_), "cudaEventElapsedTime");
  std::swap(last_, next_);
  seconds_ += static_cast<double>(milliseconds) / 1e3;
  return seconds_;
}

}  // namespace memsweep
