// Images as channels, each a plane an image; of rows a plane is one value. A block takes a channel at a time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/rows.h"
#include "kernels/tensor.h"

namespace memsweep::cuda {

struct Channels {
  std::int64_t count, channels, area;

  /// Of images, or of rows.
  static Channels of(const Shape& shape) { return {shape[0], shape[1], shape.flat() / shape[1]}; }

  /// A block a channel, of as many threads as its values are worth.
  [[nodiscard]] Grid grid() const { return grid_of({channels, count * area}); }

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

}  // namespace memsweep::cuda
