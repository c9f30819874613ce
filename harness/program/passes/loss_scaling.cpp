#include "harness/program/passes/loss_scaling.h"

#include <string_view>
#include <utility>
#include <vector>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

constexpr TensorType kScalar{{}, DType::f32};

BufferId add_state(Program& program, std::string_view name, double value) {
  const BufferId id =
      add_buffer(program, {std::string(name), kScalar, Category::optimizer_state, Lifetime::for_ever});
  program.step.push_back({.op = Op::fill,
                          .phase = Phase::backward,
                          .when = When::first_step,
                          .outputs = {id},
                          .attributes = {value}});
  return id;
}

/// Appends to a program in one phase.
struct Appender {
  Program& program;
  Phase phase;

  BufferId apply(std::string_view name, Op op, std::vector<BufferId> inputs,
                 std::vector<double> attributes = {}) const {
    Instr instr{.op = op, .phase = phase, .inputs = std::move(inputs)};
    instr.attributes = std::move(attributes);
    return append(program, std::move(instr), name, Category::temporary).front();
  }

  [[nodiscard]] BufferId zero(std::string_view name) const {
    const BufferId id = add_buffer(program, {std::string(name), kScalar, Category::temporary, {}});
    program.step.push_back({.op = Op::fill, .phase = phase, .outputs = {id}, .attributes = {0}});
    return id;
  }

  void release(std::vector<BufferId> ids) const {
    program.step.push_back({.op = Op::release, .phase = phase, .inputs = std::move(ids)});
  }
};

}  // namespace

LossScaler scale_loss(Program& forward, const ScalerOptions& options) {
  LossScaler scaler;
  scaler.scale = add_state(forward, "scale", options.init_scale);
  scaler.tracker = add_state(forward, "growth_tracker", 0);
  forward.scaled_loss =
      Appender{forward, Phase::backward}.apply("scaled_loss", Op::scale_by, {forward.loss, scaler.scale});
  return scaler;
}

namespace {

/// GradScaler makes a value of each scalar for each device, copies also where there is one device.
void append_check(const Appender& at, BufferId inverse) {
  Program& program = at.program;
  const BufferId zero = at.zero("zero");
  const BufferId found = at.apply("found_inf", Op::clone, {zero});
  const BufferId copy = at.apply("inverse_scale.copy", Op::clone, {inverse});
  Instr check{.op = Op::check_and_unscale, .phase = at.phase};
  for (const Parameter& p : program.parameters) check.inputs.push_back(p.gradient);
  check.inputs.push_back(found);
  check.outputs = check.inputs;
  check.inputs.push_back(copy);
  program.step.push_back(std::move(check));
  at.release({inverse, zero});
  program.overflow = found;
}

}  // namespace

void append_unscale(Program& program, const LossScaler& scaler, Phase phase) {
  const Appender at{program, phase};
  const auto f64 = static_cast<double>(DType::f64), f32 = static_cast<double>(DType::f32);
  const BufferId wide = at.apply("f64(scale)", Op::cast, {scaler.scale}, {f64});
  const BufferId wide_inverse = at.apply("f64(inverse_scale)", Op::reciprocal, {wide});
  append_check(at, at.apply("inverse_scale", Op::cast, {wide_inverse}, {f32}));
}

/// GradScaler checks with a factor of 1 and leaves unscaling to the kernel; the gradients it writes are the
/// same.
std::vector<BufferId> append_fused_arguments(Program& program, const LossScaler& scaler) {
  const Appender at{program, Phase::optimizer};
  const bool unscaled = program.overflow.has_value();
  if (!unscaled) append_check(at, at.apply("inverse_scale", Op::reciprocal, {scaler.scale}));
  std::vector<BufferId> arguments{at.apply("found_inf.sum", Op::clone, {*program.overflow})};
  if (!unscaled) arguments.push_back(at.apply("scale.product", Op::clone, {scaler.scale}));
  return arguments;
}

void skip_on_overflow(Program& program, std::size_t first) {
  for (std::size_t i = first; i < program.step.size(); ++i) program.step[i].unless_overflow = true;
}

void append_scale_update(Program& program, const LossScaler& scaler, const ScalerOptions& options) {
  program.step.push_back(
      {.op = Op::update_scale,
       .phase = Phase::optimizer,
       .inputs = {scaler.scale, scaler.tracker, program.overflow.value()},
       .outputs = {scaler.scale, scaler.tracker},
       .attributes = {options.growth_factor, options.backoff_factor, options.growth_interval}});
}

}  // namespace memsweep
