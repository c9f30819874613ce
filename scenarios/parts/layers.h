// What the models share: activations by name, linear layers, and how their weights are drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/model.h"

namespace memsweep {

// Deviations of weights from their middle, and the epsilon of norms: tests/golden/training/README.md.
inline constexpr float kNormScale = 0.25F;
inline constexpr double kNormEpsilon = 1e-5;

/// Limits that keep a typing error from becoming a program of terabytes.
inline constexpr std::int64_t kMaxWidth = 1 << 24;
inline constexpr std::int64_t kMaxLayers = 100'000;

/// Throws UsageError where a batch's largest tensor, of so many values, has more bytes than can be counted.
void expect_countable(std::string_view model, std::int64_t batch, double values);

struct Activation {
  std::string_view name;
  std::optional<Op> op;
  bool in_place = false;
};

/// The activation of that name. Throws UsageError with a sentence if there is none.
[[nodiscard]] const Activation& activation_of(std::string_view name);

/// The activation's result; x itself for the identity.
[[nodiscard]] BufferId apply_activation(Builder& builder, const Activation& activation,
                                        std::string_view layer, BufferId x);

struct WeightAndBias {
  BufferId weight = 0;
  std::optional<BufferId> bias = {};
};

/// A layer's "<name>.weight", drawn from +-gain / sqrt(inputs), and if wanted "<name>.bias", from
/// +-1 / sqrt(inputs). The inputs are all extents of the weight but the first.
[[nodiscard]] WeightAndBias layer_parameters(Builder& builder, const std::string& name, Shape weight,
                                             bool bias, double gain);

/// "<name>.weight" around 1 and "<name>.bias" around 0, one each for each of `width` values.
[[nodiscard]] WeightAndBias norm_parameters(Builder& builder, const std::string& name, std::int64_t width);

[[nodiscard]] BufferId linear(Builder& builder, std::string name, const WeightAndBias& layer, BufferId x);

struct Lookup {
  BufferId table, ids;
};

/// The rows of a table that the first `indices` ids name. Releases before 2.15 sort them by all their bits
/// for the gradient (aten/src/ATen/native/cuda/Embedding.cu; recorded in tests/golden/pytorch).
[[nodiscard]] BufferId embedding(Builder& builder, std::string name, const Lookup& lookup,
                                 std::int64_t indices, PytorchRelease release);

/// A whole positive number up to `limit`, or nothing.
[[nodiscard]] std::optional<std::int64_t> positive(std::string_view text, std::int64_t limit);

}  // namespace memsweep
