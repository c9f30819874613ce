// A GPU's own pool for allocation in the order of streams, as PyTorch's cudaMallocAsync backend sets it up.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "harness/device/cuda/failures.h"
#include "harness/memory/stream_pool.h"

namespace memsweep {

class CudaPool final : public StreamOrderedPool {
 public:
  /// `stream` is the one that allocators number 0; others are made when they are first met. The failures must
  /// outlive this.
  CudaPool(cudaMemPool_t pool, cudaStream_t stream, Failures& failures);
  ~CudaPool() override;
  CudaPool(const CudaPool&) = delete;
  CudaPool& operator=(const CudaPool&) = delete;

  [[nodiscard]] Address allocate(std::size_t bytes, Stream stream) override;
  void free(Address address, std::span<const Stream> others) override;
  void trim() override;
  void wait_for_frees() noexcept override;
  void synchronize(Stream stream) noexcept override;
  [[nodiscard]] std::size_t reserved() const noexcept override;

  /// The driver shows nothing of its layout.
  [[nodiscard]] std::vector<SegmentSnapshot> snapshot() const override { return {}; }

 private:
  [[nodiscard]] cudaStream_t stream_of(Stream stream);
  void wait_in(cudaStream_t waiting, cudaStream_t awaited) noexcept;

  cudaMemPool_t pool_;
  Failures& failures_;
  std::map<Stream, cudaStream_t> streams_;
  std::map<Address, Stream> owners_;  // of live blocks
};

}  // namespace memsweep
