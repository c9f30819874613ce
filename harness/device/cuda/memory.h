// The memory of a GPU: segments by cudaMalloc, pages by the driver's virtual memory functions, and its pool
// for allocation in the order of streams.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <optional>

#include "harness/device/cuda/driver.h"
#include "harness/device/cuda/failures.h"
#include "harness/device/cuda/pool.h"
#include "harness/memory/segment_source.h"

namespace memsweep {

class CudaMemory final : public SegmentSource, public PageSource {
 public:
  /// Of the current device, whose number is `device`. All must outlive this.
  CudaMemory(int device, cudaStream_t stream, const Driver& driver, Failures& failures)
      : device_(device), stream_(stream), driver_(driver), failures_(failures) {}

  Address allocate(std::size_t bytes) noexcept override;
  void release(Address address, std::size_t bytes) noexcept override;

  /// As cudaMemGetInfo says: of all users of the device.
  Info info() const noexcept override;
  /// What the pool keeps is the driver's affair.
  std::size_t held() const noexcept override { return held_; }
  PageSource* pages() noexcept override { return this; }

  /// Keeps all memory that it ever took until it is trimmed. Null, and a failure, where the device has none.
  StreamOrderedPool* pool() noexcept override;

  Address reserve(std::size_t bytes) noexcept override;
  void unreserve(Address address, std::size_t bytes) noexcept override;
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override;
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override;

 private:
  [[nodiscard]] bool map_page(Address address, std::size_t bytes) noexcept;
  /// As Failures::succeeded().
  bool succeeded(CUresult status, const char* call) noexcept;

  int device_;
  cudaStream_t stream_;
  const Driver& driver_;
  Failures& failures_;
  std::size_t held_ = 0;  // in segments and pages
  std::optional<CudaPool> pool_;
};

}  // namespace memsweep
