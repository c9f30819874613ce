// Batch norm as a layer: torch.nn.BatchNorm1d and BatchNorm2d.
#pragma once

#include <string>

#include "scenarios/parts/layers.h"

namespace memsweep {

/// How far a batch moves the running statistics, unless a model is told otherwise: torch.nn's default.
inline constexpr double kNormMomentum = 0.1;

struct BatchNorm {
  std::string name;
  WeightAndBias affine;
  BufferId mean, variance, steps;  // running statistics, and of how many steps
};

/// "<name>.weight" and "<name>.bias" of each of `width` channels, and the module's buffers.
[[nodiscard]] BatchNorm batch_norm_parameters(Builder& builder, const std::string& name, std::int64_t width);

/// Normalises each channel of rows or images by the batch's statistics, which move those that run; in
/// evaluation by those that run.
[[nodiscard]] BufferId batch_norm(Builder& builder, const BatchNorm& norm, BufferId x, bool evaluation,
                                  double momentum = kNormMomentum);

}  // namespace memsweep
