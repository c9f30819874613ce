// How a training loop is written around its model: what runs in a step, and what its variables hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/program/passes/clip.h"

namespace memsweep {

enum class Mode : std::uint8_t {
  train,
  no_grad,         // evaluation under torch.no_grad()
  inference_mode,  // under torch.inference_mode(): the same memory
  eval_grad,       // evaluation that forgot both: each loss holds a graph
  leak,            // `losses.append(loss)` without a backward pass: the list holds every graph
  leak_trained,    // the same behind a backward pass: the list holds the losses alone
};

/// What becomes of the variables x, y, out and loss.
enum class Variables : std::uint8_t {
  standard,  // each holds its value until it is assigned again
  del,       // `del x, y, out, loss` ends a step
  resident,  // x and y are moved to the device once, before the first step
};

/// The name in recorded cases and on the command line. Parsing throws UsageError naming the nearest.
[[nodiscard]] std::string_view name_of(Mode mode);
[[nodiscard]] std::string_view name_of(Variables variables);
[[nodiscard]] Mode parse_mode(std::string_view name);
[[nodiscard]] Variables parse_variables(std::string_view name);

/// Whether there is a backward pass and an optimizer's step.
[[nodiscard]] constexpr bool trains(Mode mode) { return mode == Mode::train || mode == Mode::leak_trained; }
/// Whether the model is in evaluation: dropout does nothing, batch norms take their running statistics.
[[nodiscard]] constexpr bool evaluates(Mode mode) {
  return mode == Mode::no_grad || mode == Mode::inference_mode || mode == Mode::eval_grad;
}

struct LoopOptions {
  Mode mode = Mode::train;
  Variables variables = Variables::standard;
  int micro_batches = 1;             // a step; their gradients are added up
  bool set_to_none = true;           // of zero_grad
  bool input_requires_grad = false;  // x.requires_grad_(): its gradient lives as long as x
  bool offload = false;              // of activations to the host
  bool fuse = false;                 // linear layers and the activations behind them are one op
  std::optional<ClipOptions> clip{};
};

/// "no_grad, accumulate 4, clip 1": what differs from a plain training loop; empty: nothing.
[[nodiscard]] std::string describe(const LoopOptions& loop);

}  // namespace memsweep
