// How long to measure, and what to say of it.
#pragma once

#include <cstddef>
#include <vector>

namespace memsweep {

struct Spread {
  double median = 0;  // seconds
  double iqr = 0;     // seconds between the first and the third quartile
  std::size_t samples = 0;
};

/// Quartiles by linear interpolation; no samples give zeros.
[[nodiscard]] Spread spread_of(std::vector<double> samples);

/// How far the median may be off, seconds: 1.57 IQR / sqrt(n), the notch of McGill, Tukey and Larsen (1978).
/// Medians whose notches do not overlap differ, at about 95 %.
[[nodiscard]] double median_uncertainty(const Spread& spread);

/// Whether two medians are further apart than both may be off.
[[nodiscard]] bool distinguishable(const Spread& a, const Spread& b);

struct StopRule {
  std::size_t min_samples = 5;
  std::size_t max_samples = 30;
  double relative_uncertainty = 0.02;  // of the median
  double seconds = 2;                  // all samples together

  [[nodiscard]] bool enough(const Spread& spread, double elapsed_seconds) const;
  /// The median is not known as well as was asked for.
  [[nodiscard]] bool noisy(const Spread& spread) const;
};

}  // namespace memsweep
