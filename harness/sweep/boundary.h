// The largest value that fits and the smallest that does not, from as few probes as can be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace memsweep {

struct Probe {
  std::int64_t value;
  bool fits;
};

struct Boundary {
  std::int64_t largest = 0;   // that fits; 0: not even 1 does
  std::int64_t smallest = 0;  // that does not; 0: the limit fits
  std::vector<Probe> probes;  // in the order in which they were made

  [[nodiscard]] bool found() const { return smallest != 0; }
};

/// Searches [1, limit] outwards from `guess`. `fits(n)` is asked once for each n that is probed, never
/// for the same n twice; both sides of the result have been asked. If the guess is right that takes two
/// probes. Where `fits` is not monotone the result is one of its boundaries: `largest` fits and
/// `smallest` = largest + 1 does not.
template <typename Fits>
[[nodiscard]] Boundary find_boundary(Fits&& fits, std::int64_t guess, std::int64_t limit) {
  Boundary boundary;
  const auto probe = [&](std::int64_t value) {
    const bool fit = fits(value);
    boundary.probes.push_back({value, fit});
    (fit ? boundary.largest : boundary.smallest) = value;
    return fit;
  };

  guess = std::clamp<std::int64_t>(guess, 1, limit);
  // A guess that is wrong at all is rarely off by one or two: the second stride is near a hundredth of it.
  const auto longer = [guess](std::int64_t stride) { return std::max(2 * stride, guess / 128); };
  if (probe(guess)) {
    for (std::int64_t stride = 1; boundary.largest < limit; stride = longer(stride)) {
      if (!probe(std::min(limit, boundary.largest + stride))) break;
    }
  } else {
    for (std::int64_t stride = 1; boundary.smallest > 1; stride = longer(stride)) {
      if (probe(std::max<std::int64_t>(1, boundary.smallest - stride))) break;
    }
  }
  while (boundary.found() && boundary.smallest - boundary.largest > 1) {
    probe(boundary.largest + (boundary.smallest - boundary.largest) / 2);
  }
  return boundary;
}

}  // namespace memsweep
