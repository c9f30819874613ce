// What shapes of models of images have in common.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace memsweep {

// Scale of the images: tests/golden/training/README.md.
inline constexpr float kImageScale = 1;

/// Limits that keep a typing error from becoming a program of terabytes.
inline constexpr std::int64_t kMaxImageSize = 1 << 12, kMaxChannels = 1 << 16;

struct ImageSize {
  std::int64_t height, width;
};

/// The value of option "size": "32", or "32x48", height first. Throws UsageError.
[[nodiscard]] ImageSize parse_image_size(std::string_view text);

/// The value of an option that is a list, "3-64-128", of whole numbers up to `limit`. Throws UsageError.
[[nodiscard]] std::vector<std::int64_t> parse_list(std::string_view option, std::string_view text,
                                                   std::int64_t limit);

/// The value of option "momentum", that of the running statistics of batch norms. Throws UsageError.
[[nodiscard]] double parse_momentum(std::string_view text);

}  // namespace memsweep
