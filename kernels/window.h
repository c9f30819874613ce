// A square window that slides over an image: a convolution's kernel, or what a pooling looks at.
#pragma once

#include <cstdint>

namespace memsweep {

struct Window {
  std::int64_t size, stride, padding;  // padding: on each side

  [[nodiscard]] bool fits(std::int64_t extent) const { return extent + 2 * padding >= size; }
  /// Steps along an extent that it fits.
  [[nodiscard]] std::int64_t places(std::int64_t extent) const {
    return (extent + 2 * padding - size) / stride + 1;
  }
  /// Whether it sees one value at a time, and each once: what it sees is the image itself.
  [[nodiscard]] bool is_point() const { return size == 1 && stride == 1 && padding == 0; }
};

}  // namespace memsweep
