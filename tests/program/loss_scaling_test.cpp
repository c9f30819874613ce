#include "harness/program/passes/loss_scaling.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/accumulate.h"
#include "harness/program/passes/casts.h"
#include "harness/program/schedule.h"

namespace memsweep {
namespace {

struct Scaled {
  LossScaler scaler;
  Program program;
};

/// One linear layer whose loss is scaled, differentiated.
Scaled scaled(std::size_t micro_batches = 1) {
  Builder b({});
  const BufferId weight = b.parameter("w", {4, 8}, 1), x = b.input("x", {2, 8}, 1);
  b.cross_entropy(b.apply("logits", Op::mm, {x, weight}, {0, 1}), b.target("target", {2}, 4));
  Program forward = std::move(b).finish();
  const LossScaler scaler = scale_loss(forward, {.init_scale = 1024});
  const std::vector<std::int64_t> rows(micro_batches, 2);
  return {scaler, accumulate({{2, differentiate(std::move(forward))}}, rows)};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(LossScaling, TheBackwardPassStartsFromTheScaledLossAndHoldsItToTheEnd) {
  const auto text = print(scaled().program);
  EXPECT_TRUE(has(text, "backward  scale:f32[scalar] = fill(value=1024)   # first step\n")) << text;
  EXPECT_TRUE(has(text,
                  "backward  scaled_loss:f32[scalar] = scale_by(loss, scale)\n"
                  "backward  grad(scaled_loss):f32[scalar] = fill(value=1)\n"
                  "backward  grad(loss):f32[scalar] = scale_by(grad(scaled_loss), scale)\n"))
      << text;
  EXPECT_TRUE(has(text, "backward  release(grad(scaled_loss), scaled_loss)\n")) << text;
}

TEST(LossScaling, TheScaleIsBornInTheFirstMicroBatchAlone) {
  Scaled four = scaled(4);
  verify(four.program);
  const auto text = print(four.program);
  EXPECT_EQ(text.find("scale:f32"), text.rfind("scale:f32")) << text;
}

TEST(LossScaling, AnUpdateThatMayBeSkippedNeedsSomebodyWhoTells) {
  Program program = scaled().program;
  skip_on_overflow(program, program.step.size() - 1);
  EXPECT_THROW(verify(program), std::logic_error);
}

/// A step with state that is born in the first update.
Program step_with_state() {
  auto [scaler, program] = scaled();
  append_unscale(program, scaler, Phase::optimizer);
  const std::size_t update = program.step.size();
  const Parameter p = program.parameters[0];
  Instr birth{.op = Op::clone, .phase = Phase::optimizer, .when = When::first_step, .inputs = {p.gradient}};
  const BufferId state = append(program, birth, "state", Category::optimizer_state)[0];
  program.buffers[state].lifetime = Lifetime::for_ever;
  program.step.push_back({.op = Op::axpby,
                          .phase = Phase::optimizer,
                          .when = When::later_steps,
                          .inputs = {state, p.gradient},
                          .outputs = {state},
                          .attributes = {1, 1}});
  skip_on_overflow(program, update);
  append_scale_update(program, scaler, {});
  append_zero_grad(program);
  return program;
}

TEST(LossScaling, AFusedOptimizerIsGivenTheScaleUnlessClippingHasUnscaled) {
  auto [scaler, program] = scaled();
  const auto arguments = append_fused_arguments(program, scaler);
  ASSERT_EQ(arguments.size(), 2u);
  EXPECT_EQ(program.buffers[arguments[1]].name, "scale.product");
  EXPECT_TRUE(has(print(program), "inverse_scale:f32[scalar] = reciprocal(scale)\n")) << print(program);

  auto [again, clipped] = scaled();
  append_unscale(clipped, again, Phase::clip);
  EXPECT_EQ(append_fused_arguments(clipped, again).size(), 1u);
  EXPECT_TRUE(has(print(clipped), "f64(inverse_scale):f64[scalar] = reciprocal(f64(scale))\n"))
      << print(clipped);
}

TEST(LossScaling, ABf16LossIsScaledInF32AndItsGradientIsBf16) {
  Builder b({});
  const BufferId weight = b.parameter("w", {4, 8}, 1), x = b.input("x", {2, 8}, 1);
  b.cross_entropy(b.apply("logits", Op::mm, {x, weight}, {0, 1}), b.target("target", {2}, 4));
  Program forward = in_type(std::move(b).finish(), {.type = DType::bf16});
  static_cast<void>(scale_loss(forward, {}));
  EXPECT_TRUE(has(print(differentiate(std::move(forward))), "grad(loss):bf16[scalar] = cast("));
}

std::size_t births_of(const std::vector<ScheduledInstr>& list, std::string_view name,
                      const Program& program) {
  std::size_t n = 0;
  for (const ScheduledInstr& scheduled : list) {
    for (BufferId id : scheduled.births) n += program.buffers[id].name == name ? 1 : 0;
  }
  return n;
}

TEST(LossScaling, StateIsBornInTheFirstStepThatIsNotSkippedAndTheScaleInTheFirst) {
  Program program = step_with_state();
  verify(program);
  const Schedule schedule(std::move(program));
  EXPECT_EQ(births_of(schedule.first_step, "state", schedule.program), 1u);
  EXPECT_EQ(births_of(schedule.first_update, "state", schedule.program), 1u);
  EXPECT_EQ(births_of(schedule.later_steps, "state", schedule.program), 0u);
  EXPECT_EQ(births_of(schedule.first_step, "scale", schedule.program), 1u);
  EXPECT_EQ(births_of(schedule.first_update, "scale", schedule.program), 0u);
}

TEST(LossScaling, WhatIsReadAfterASkippedUpdateMustNotBeMadeInIt) {
  Program program = step_with_state();
  const BufferId state = program.step[program.step.size() - 3].outputs[0];
  program.step.push_back({.op = Op::clone, .phase = Phase::append, .inputs = {state}});
  program.step.back().outputs = {add_buffer(program, {"copy", program.type(state), Category::temporary, {}})};
  EXPECT_THROW(verify(program), std::logic_error);
}

}  // namespace
}  // namespace memsweep
