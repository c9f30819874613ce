// Sizes of blocks as a training step has them.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>

namespace memsweep::testing {

/// Seeded; spread evenly over their logarithm from 4 B to 64 MiB: many scalars, few large activations.
class RandomSizes {
 public:
  std::size_t operator()() { return static_cast<std::size_t>(std::exp2(log2_(random_))); }

 private:
  std::mt19937_64 random_{1};
  std::uniform_real_distribution<double> log2_{2, 26};
};

}  // namespace memsweep::testing
