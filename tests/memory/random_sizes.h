// Random sizes of blocks; seeded.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>

namespace memsweep::testing {

/// As a training step has them: spread evenly over their logarithm from 4 B to 64 MiB, many scalars, few
/// large activations.
class RandomSizes {
 public:
  std::size_t operator()() { return static_cast<std::size_t>(std::exp2(log2_(random_))); }

 private:
  std::mt19937_64 random_{1};
  std::uniform_real_distribution<double> log2_{2, 26};
};

/// Spread evenly up to 1 MiB, the largest of the small pool: hardly four blocks share a segment.
class RandomSmallSizes {
 public:
  std::size_t operator()() { return bytes_(random_); }

 private:
  std::mt19937_64 random_{1};
  std::uniform_int_distribution<std::size_t> bytes_{1, std::size_t{1} << 20};
};

}  // namespace memsweep::testing
