#include "kernels/block_scales.h"

#include <algorithm>
#include <cmath>

namespace memsweep {

/// The middles of equal parts of each decade: 2^e parts of the decade e, and their negatives; or twice as
/// many, without them.
std::array<float, kCodes> code_values(bool is_signed) {
  constexpr int kIntervals = 7;         // of a decade each: [0.1, 1], [0.01, 0.1], …
  std::array<double, kCodes> values{};  // 0 among them
  std::size_t filled = 1;
  for (int e = 0; e < kIntervals; ++e) {
    const double top = std::pow(10.0, e - (kIntervals - 1));
    const int parts = 1 << (is_signed ? e : e + 1);
    for (int i = 0; i < parts; ++i) {
      const double middle = top * (0.1 + 0.9 * (i + 0.5) / parts);
      values[filled++] = middle;
      if (is_signed) values[filled++] = -middle;
    }
  }
  values[filled] = 1;
  std::sort(values.begin(), values.end());
  std::array<float, kCodes> book{};
  std::transform(values.begin(), values.end(), book.begin(),
                 [](double value) { return static_cast<float>(value); });
  return book;
}

}  // namespace memsweep
