// The counter-based generator of weights, data and dropout masks: any element can be drawn alone, so
// a recomputed mask is the same mask. Stated, with sample values, in tests/golden/training/README.md.
#pragma once

#include <cstdint>

namespace memsweep {

class Generator {
 public:
  /// A stream of its own for each (seed, tensor id); both are used modulo 2^32.
  constexpr Generator(std::uint64_t seed, std::uint64_t id) : key_(mix(((seed << 32) | id) + kGolden)) {}

  /// Element i, uniform in [0, 2^24).
  [[nodiscard]] constexpr std::uint32_t u24(std::uint64_t i) const {
    return static_cast<std::uint32_t>(mix(key_ + (i + 1) * kGolden) >> 40);
  }
  /// Element i, uniform in [-1, 1), exact in float.
  [[nodiscard]] constexpr float uniform(std::uint64_t i) const {
    return static_cast<float>(static_cast<std::int32_t>(u24(i)) - (1 << 23)) / static_cast<float>(1 << 23);
  }

  /// The stream without its first `elements`: its element i is element `elements` + i of this one.
  [[nodiscard]] constexpr Generator from(std::uint64_t elements) const {
    Generator rest = *this;
    rest.key_ += elements * kGolden;
    return rest;
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

  static constexpr std::uint64_t mix(std::uint64_t z) {
    z ^= z >> 30;
    z *= 0xBF58476D1CE4E5B9;
    z ^= z >> 27;
    z *= 0x94D049BB133111EB;
    z ^= z >> 31;
    return z;
  }

  std::uint64_t key_;
};

}  // namespace memsweep
