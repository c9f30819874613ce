// Seconds on a GPU's own clock.
#pragma once

#include <cuda_runtime_api.h>

namespace memsweep {

class EventClock {
 public:
  /// Starts at 0 behind all that the stream was given so far. Throws CudaError.
  explicit EventClock(cudaStream_t stream);
  ~EventClock();
  EventClock(const EventClock&) = delete;
  EventClock& operator=(const EventClock&) = delete;

  /// Waits for all that the stream was given. Throws CudaError.
  [[nodiscard]] double now();

 private:
  cudaStream_t stream_;
  cudaEvent_t last_ = nullptr, next_ = nullptr;
  double seconds_ = 0;  // at last_
};

}  // namespace memsweep
