// The channels of images, each a plane an image, and those of rows, which lie side by side.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/rows.h"
#include "kernels/tensor.h"

namespace memsweep::cuda {

/// Of images: a block takes a channel at a time.
struct Channels {
  std::int64_t count, channels, area;

  /// Of images, or of rows.
  static Channels of(const Shape& shape) { return {shape[0], shape[1], shape.flat() / shape[1]}; }

  /// A block a channel, of as many threads as its values are worth.
  [[nodiscard]] Grid grid() const { return grid_of({channels, count * area}); }

  /// Whether the thread is the one of its block that stores what there is one of in a channel.
  [[nodiscard]] __device__ bool is_first(std::int64_t) const { return threadIdx.x == 0; }
  /// Values of a channel.
  [[nodiscard]] __device__ std::int64_t values() const { return count * area; }
  /// Where value i of a channel lies.
  [[nodiscard]] __device__ std::int64_t place(std::int64_t channel, std::int64_t i) const {
    return (i / area * channels + channel) * area + i % area;
  }

  /// Calls channel(its number) with all threads of a block.
  template <class Channel>
  __device__ void for_each(Channel channel) const {
    for (std::int64_t c = blockIdx.x; c < channels; c += gridDim.x) channel(c);
  }
  /// Sum of value(place) over a channel, the same for all threads of the block.
  template <class Value>
  __device__ float sum(std::int64_t channel, Value value) const {
    return sum_of(values(), [&](std::int64_t i) { return value(place(channel, i)); });
  }
  /// Calls element(place) for each value of a channel, each by one thread of the block.
  template <class Element>
  __device__ void for_each_value(std::int64_t channel, Element element) const {
    for_each_column(values(), [&](std::int64_t i) { element(place(channel, i)); });
  }
};

/// Of rows: a block takes 32 channels at a time, so that neighbouring threads read neighbouring values. A
/// thread has one of them; where there are fewer, some have the last one and store nothing.
struct SideBySide {
  std::int64_t count, channels;

  /// As many warps as rows are read at once.
  [[nodiscard]] Grid grid() const {
    const Grid tiles = grid_of_rows((channels + kWarp - 1) / kWarp);
    return {tiles.blocks, kWarp * static_cast<unsigned>(std::min<std::int64_t>(count, kWarp))};
  }

  [[nodiscard]] __device__ bool is_own(std::int64_t channel) const {
    return channel % kWarp == threadIdx.x % kWarp;
  }
  [[nodiscard]] __device__ bool is_first(std::int64_t channel) const {
    return threadIdx.x < kWarp && is_own(channel);
  }
  [[nodiscard]] __device__ std::int64_t values() const { return count; }

  /// Calls channel(the thread's) with all threads of a block.
  template <class Channel>
  __device__ void for_each(Channel channel) const {
    for (std::int64_t tile = std::int64_t{blockIdx.x} * kWarp; tile < channels;
         tile += std::int64_t{gridDim.x} * kWarp)
      channel(std::min(tile + threadIdx.x % kWarp, channels - 1));
  }
  /// Sum of value(place) over the thread's channel, in an order that the number of rows decides.
  template <class Value>
  __device__ float sum(std::int64_t channel, Value value) const {
    __shared__ float of_warp[kWarp][kWarp];
    const unsigned lane = threadIdx.x % kWarp, warps = blockDim.x / kWarp;
    float part = 0, sum = 0;
    for_each_row(channel, [&](std::int64_t i) { part += value(i); });
    of_warp[threadIdx.x / kWarp][lane] = part;
    __syncthreads();
    for (unsigned warp = 0; warp < warps; ++warp) sum += of_warp[warp][lane];
    __syncthreads();  // before it is written again
    return sum;
  }
  /// Calls element(place) for each value of the thread's channel, each by one thread of the block.
  template <class Element>
  __device__ void for_each_value(std::int64_t channel, Element element) const {
    if (is_own(channel)) for_each_row(channel, element);
  }

 private:
  template <class Element>
  __device__ void for_each_row(std::int64_t channel, Element element) const {
    for (std::int64_t row = threadIdx.x / kWarp; row < count; row += blockDim.x / kWarp)
      element(row * channels + channel);
  }
};

/// Calls work(Channels or SideBySide), as the channels of a tensor of that shape lie.
template <class Work>
void with_channels(const Shape& shape, Work work) {
  const Channels images = Channels::of(shape);
  if (images.area > 1) return work(images);
  work(SideBySide{images.count, images.channels});
}

}  // namespace memsweep::cuda
