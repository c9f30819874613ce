// Images as channels, each a plane an image. A channel is one thread's; its sums are f64.
#pragma once

#include <cstdint>

#include "kernels/cpu/elements.h"
#include "kernels/tensor.h"

namespace memsweep::cpu {

struct Channels {
  std::int64_t count, channels, area;

  /// Of images, or of rows.
  static Channels of(const Shape& shape) { return {shape[0], shape[1], shape.flat() / shape[1]}; }

  [[nodiscard]] double values() const { return static_cast<double>(count) * static_cast<double>(area); }

  /// Calls plane(offset) for each image's plane of a channel.
  template <class Plane>
  void each_plane(std::int64_t channel, const Plane& plane) const {
    for (std::int64_t n = 0; n < count; ++n) plane((n * channels + channel) * area);
  }

  template <class Value>
  [[nodiscard]] double sum(std::int64_t channel, const Value& value) const {
    double total = 0;
    each_plane(channel, [&](std::int64_t offset) {
      double plane = 0;
#pragma omp simd reduction(+ : plane)
      for (std::int64_t i = offset; i < offset + area; ++i) plane += static_cast<double>(value(i));
      total += plane;
    });
    return total;
  }

  template <class Element>
  void each(std::int64_t channel, const Element& element) const {
    each_plane(channel, [&](std::int64_t offset) {
#pragma omp simd
      for (std::int64_t i = offset; i < offset + area; ++i) element(i);
    });
  }

  template <class Channel>
  void each_channel(const Channel& channel) const {
    for_each_row(channels, count * area, channel);
  }
};

}  // namespace memsweep::cpu
