// Loss scaling, as torch.amp.GradScaler does it: fp16 gradients that would vanish are made larger, and a step
// whose gradients overflow is skipped.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

/// Names and defaults are GradScaler's.
struct ScalerOptions {
  double init_scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  double growth_interval = 2000;  // steps without overflow until the scale grows
};

/// The buffers of a scaler that live for ever; both are born in the first step.
struct LossScaler {
  BufferId scale = 0;    // f32
  BufferId tracker = 0;  // f32, a count of steps; GradScaler's is an int32, of the same size
};

/// Behind the loss of a forward pass: what the backward pass starts from is loss * scale.
LossScaler scale_loss(Program& forward, const ScalerOptions& options);

/// Appends: gradients *= 1 / scale, the reciprocal taken in f64; Program::overflow tells from there on
/// whether one of them is infinite or NaN. `phase` is the one that asks for it, clip or optimizer. The
/// gradients must be f32.
void append_unscale(Program& program, const LossScaler& scaler, Phase phase);

/// The same for a fused optimizer, whose kernel is given the scale and the overflow: GradScaler makes values
/// of both for it, the scale's only where gradients have not been unscaled for clipping. Returns what lives
/// until the optimizer has returned.
[[nodiscard]] std::vector<BufferId> append_fused_arguments(Program& program, const LossScaler& scaler);

/// What was appended from instruction `first` on is skipped where gradients overflowed.
void skip_on_overflow(Program& program, std::size_t first);

/// Appends: where gradients overflowed scale *= backoff_factor; else, every growth_interval steps in a row,
/// scale *= growth_factor unless that is infinite.
void append_scale_update(Program& program, const LossScaler& scaler, const ScalerOptions& options);

}  // namespace memsweep
