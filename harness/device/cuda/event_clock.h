// Seconds on a GPU's own clock.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>

namespace memsweep {

class CudaEvent {
 public:
  /// Throws CudaError.
  CudaEvent();
  ~CudaEvent();
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;
  [[nodiscard]] cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

class EventClock {
 public:
  /// Starts at 0 behind all that the stream was given so far. Throws CudaError.
  explicit EventClock(cudaStream_t stream);

  /// Waits for all that the stream was given. Throws CudaError.
  [[nodiscard]] double now();

 private:
  cudaStream_t stream_;
  std::array<CudaEvent, 2> events_;
  std::size_t last_ = 0;  // which of them was recorded last
  double seconds_ = 0;    // there
};

}  // namespace memsweep
