// The models that a scenario can train: forward passes only. One file each in models/, one row each in
// the table of model.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "harness/memory/rules.h"
#include "harness/program/builder.h"

namespace memsweep {

struct ModelOptions {
  std::string spec = "mlp:128-128x32-10";  // name:shape, or the name of a preset
  std::string activation = "";             // empty: the model's own
  double dropout = 0;                      // probability of a unit to be dropped, [0, 1)
  bool layer_norm = false;
  bool batch_norm = false;
  bool evaluation = false;      // torch's model.eval(): batch norms take their running statistics
  bool bias = true;             // of linear layers, or of the convolutions
  double gain = 2.5;            // weights are drawn from +-gain / sqrt(inputs)
  DType products = DType::f32;  // what matrices are multiplied in
  PytorchRelease release = PytorchRelease::v2_15;  // whose kernels save what they save
};

/// The forward pass, with its loss, of a batch.
using ForwardPass = std::function<Program(std::int64_t batch, Randomness)>;

struct Model {
  std::string_view name;
  std::string_view syntax;
  std::string_view summary;
  std::string_view activation;  // where none is asked for
  /// Reads what stands behind "name:". Throws UsageError with a sentence.
  ForwardPass (*parse)(std::string_view shape, const ModelOptions& options);
};

[[nodiscard]] std::span<const Model> models();

/// Shapes that have a name.
struct Preset {
  std::string_view name;
  std::string_view spec;
};

[[nodiscard]] std::span<const Preset> presets();

/// The activation that the model has: that of the options, or its own.
[[nodiscard]] std::string activation_name(const ModelOptions& options);

/// Throws UsageError with a sentence for an unknown model or a malformed shape.
[[nodiscard]] ForwardPass parse_model(const ModelOptions& options);

/// Forward ops of the element-wise activations by name; "identity" has none.
[[nodiscard]] std::span<const std::string_view> activation_names();

}  // namespace memsweep
