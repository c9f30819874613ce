#include "harness/sweep/timing.h"

#include <algorithm>
#include <cmath>

namespace memsweep {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  return {quantile(samples, 0.5), quantile(samples, 0.75) - quantile(samples, 0.25), samples.size()};
}

double median_uncertainty(const Spread& spread) {
  return spread.samples == 0 ? 0 : 1.57 * spread.iqr / std::sqrt(static_cast<double>(spread.samples));
}

bool distinguishable(const Spread& a, const Spread& b) {
  return std::abs(a.median - b.median) > median_uncertainty(a) + median_uncertainty(b);
}

bool StopRule::enough(const Spread& spread, double elapsed_seconds) const {
  if (spread.samples < min_samples) return false;
  return spread.samples >= max_samples || elapsed_seconds >= seconds || !noisy(spread);
}

bool StopRule::noisy(const Spread& spread) const {
  return median_uncertainty(spread) > relative_uncertainty * spread.median;
}

}  // namespace memsweep
