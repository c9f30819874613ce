// What optimizers compute, however they are written, and what is refused of their options.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "scenarios/optimizer.h"
#include "scenarios/training_step.h"
#include "tests/scenarios/given_gradients.h"

namespace memsweep {
namespace {

using testing::GivenGradients;

/// `tolerance` is that of values up to 1 in size, and relative above: f32 has no finer digits there.
void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, float tolerance,
                 const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const float allowed = tolerance * std::max(1.0F, std::abs(expected[i]));
    EXPECT_NEAR(actual[i], expected[i], allowed) << what << ", element " << i;
  }
}

// Numbers -----------------------------------------------------------------------------------------

struct Recorded {
  const char* optimizer;
  std::vector<float> weight;  // [2,3], after eight steps
};

/// torch.optim of PyTorch 2.11, in float64, of the gradients of seed 7.
const std::vector<Recorded>& recorded() {
  static const std::vector<Recorded> list{
      {"nadam:lr=0.01", {0.354820622, -0.327144506, -0.652046773, -0.966228499, 0.529920733, 0.986725298}},
      {"nadam:lr=0.01,weight_decay=0.1,momentum_decay=0.1",
       {0.350985143, -0.325397855, -0.594053907, -0.965139519, 0.518329596, 0.884904079}},
      {"nadam:lr=0.01,weight_decay=0.1,decoupled_weight_decay=true",
       {0.352259355, -0.324776029, -0.647118130, -0.958823528, 0.525944670, 0.979097117}},
      {"nadam:lr=0.01,maximize=true",
       {0.227571594, -0.214226363, -0.529390242, -0.830369697, 0.421789014, 0.885540994}},
      {"adamax:lr=0.01", {0.349386342, -0.334476646, -0.642954580, -0.962280899, 0.525271143, 0.977132135}},
      {"adamax:lr=0.01,beta1=0.8,beta2=0.9,weight_decay=0.1",
       {0.348183663, -0.344149230, -0.585594845, -0.955197558, 0.518507837, 0.881044815}},
      {"radam:lr=0.01", {0.296464044, -0.283947421, -0.593962138, -0.906469277, 0.482767486, 0.938327325}},
      {"radam:lr=0.01,beta1=0.8,beta2=0.9,weight_decay=0.1",
       {0.302692659, -0.290548930, -0.595610436, -0.910188214, 0.486288397, 0.925185335}},
      {"radam:lr=0.01,weight_decay=0.1,decoupled_weight_decay=true",
       {0.294120790, -0.281725137, -0.589240860, -0.899272076, 0.478940915, 0.930856729}},
      {"adadelta:lr=1", {0.318090757, -0.291868268, -0.618123369, -0.928868086, 0.494048065, 0.956120961}},
      {"adadelta:lr=0.5,rho=0.8,eps=0.001,weight_decay=0.1",
       {0.459279722, -0.493451861, -0.644855343, -1.087258151, 0.596382795, 0.802482544}},
      {"adam:lr=0.01,weight_decay=0.1,maximize=true",
       {0.213324061, -0.193650250, -0.513596599, -0.818474266, 0.401554138, 0.857866325}},
      {"sgd:lr=0.01,momentum=0.9,dampening=0.5,weight_decay=0.1,maximize=true",
       {0.269363907, -0.227013376, -0.569185546, -0.856751164, 0.446839304, 0.913544098}},
      {"rmsprop:lr=0.01,maximize=true,momentum=0.5,centered=true",
       {-0.553337764, 0.443309403, 0.209015618, -0.024899193, -0.169651084, 0.310505329}},
      {"adagrad:lr=0.01,lr_decay=0.1,weight_decay=0.1,initial_accumulator_value=0.1,maximize=true",
       {0.271931055, -0.245262619, -0.571258541, -0.870523238, 0.454619679, 0.916624759}},
      {"adafactor:lr=0.5,beta2_decay=-0.5,eps1=1e-07,eps2=0.01,d=1.5,weight_decay=0.1",
       {4.750432416, -7.961083709, -7.078698308, -10.333259366, 5.967410303, 4.775959115}},
  };
  return list;
}

TEST(Optimizers, StepAsTorchOptim) {
  for (const auto& [optimizer, weight] : recorded()) {
    GivenGradients run(optimizer, {{2, 3}}, 7);
    for (int step = 0; step < 8; ++step) run.step();
    expect_near(run.read("w0"), weight, 1e-6F, optimizer);
  }
}

/// Options with which every part of an optimizer is at work.
constexpr std::array kWithEverything{
    "sgd:weight_decay=0.1",
    "sgd:momentum=0.9,dampening=0.5,weight_decay=0.1,maximize=true",
    "momentum:nesterov=true,weight_decay=0.1",
    "adam:weight_decay=0.1,amsgrad=true,beta2=0.6",
    "adam:maximize=true",
    "adamw:weight_decay=0.1,amsgrad=true,beta2=0.6,maximize=true",
    "adagrad:weight_decay=0.1,lr_decay=0.1,initial_accumulator_value=0.1",
    "rmsprop:weight_decay=0.1,momentum=0.9,centered=true,alpha=0.9",
    "rmsprop:maximize=true",
    "adafactor:weight_decay=0.1,maximize=true",
    "nadam:weight_decay=0.1",
    "nadam:weight_decay=0.1,decoupled_weight_decay=true,maximize=true",
    "adamax:weight_decay=0.1",
    "radam:weight_decay=0.1",
    "adadelta:weight_decay=0.1",
    "lion:weight_decay=0.1",
    "adam8bit:weight_decay=0.1",
};

const std::vector<Shape>& some_shapes() {
  static const std::vector<Shape> list{{5, 7}, {5}, {3, 5}, {3}};
  return list;
}

TEST(Optimizers, ThatExistAreAllTested) {
  for (const Optimizer& row : optimizers()) {
    EXPECT_TRUE(std::any_of(kWithEverything.begin(), kWithEverything.end(), [&](std::string_view text) {
      return text.substr(0, text.find(':')) == row.name;
    })) << row.name;
  }
}

TEST(Optimizers, GiveTheSameNumbersHoweverTheyAreWritten) {
  for (const std::string text : kWithEverything) {
    const auto& implementations = parse_optimizer(text).row->implementations;
    std::vector<std::vector<float>> first;
    for (const Implementation implementation : implementations) {
      const std::string variant = fmt::format("{},implementation={}", text, name_of(implementation));
      GivenGradients run(variant, some_shapes(), 11);
      for (int step = 0; step < 8; ++step) run.step();
      for (std::size_t k = 0; k < some_shapes().size(); ++k) {
        const auto weight = run.read(fmt::format("w{}", k));
        if (implementation == implementations.front())
          first.push_back(weight);
        else
          expect_near(weight, first[k], 1e-6F, variant);
      }
    }
  }
}

/// Step sizes pass through float there, as in PyTorch: 1 - 0.999 keeps four digits.
TEST(Optimizers, GiveNearlyTheSameNumbersWhenCapturable) {
  for (const std::string text : {"adam:weight_decay=0.1", "adamw:amsgrad=true", "adamax:weight_decay=0.1",
                                 "rmsprop:momentum=0.9", "adadelta:weight_decay=0.1"}) {
    GivenGradients plain(text, some_shapes(), 11), capturable(text + ",capturable=true", some_shapes(), 11);
    for (int step = 0; step < 8; ++step) {
      plain.step();
      capturable.step();
    }
    expect_near(capturable.read("w0"), plain.read("w0"), 1e-5F, text);
    EXPECT_EQ(capturable.read("step(w0)"), std::vector{8.0F}) << text;
  }
}

/// The weights of a small model after three steps.
std::vector<std::vector<float>> train(const std::string& optimizer, const std::string& recompute) {
  TrainingOptions options;
  options.model.spec = "mlp:6-5x3-4";
  options.optimizer = optimizer;
  TrainingStep step = parse_training_step(options);
  step.recompute = recompute;
  const Schedule schedule(step(3));
  const auto device = make_cpu(64_MiB);
  CachingAllocator allocator(device->memory());
  Execution execution(*device, allocator, {});
  execution.set_up(schedule);
  for (std::int64_t number = 1; number <= 3; ++number) execution.step(schedule, number);
  std::vector<std::vector<float>> weights;
  for (const Parameter& p : schedule.program.parameters) {
    auto& values =
        weights.emplace_back(static_cast<std::size_t>(schedule.program.type(p.weight).shape.elements()));
    device->read(execution.address(p.weight), values.data(), values.size() * sizeof(float));
  }
  return weights;
}

TEST(Optimizers, GiveTheSameBitsWhetherOrNotLayersAreRecomputed) {
  for (const std::string text : kWithEverything)
    EXPECT_EQ(train(text, "none"), train(text, "every:1")) << text;
}

// Options -----------------------------------------------------------------------------------------

/// The sentence with which a text is refused; empty if it is not.
std::string refusal(const std::string& text) {
  try {
    static_cast<void>(parse_optimizer(text));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(OptimizerOptions, AreReadFromText) {
  const ChosenOptimizer chosen =
      parse_optimizer("sgd:lr=0.5,momentum=0.25,nesterov=true,implementation=for-loop");
  EXPECT_EQ(chosen.row->name, "sgd");
  EXPECT_EQ(chosen.options["lr"], 0.5);
  EXPECT_EQ(chosen.options["momentum"], 0.25);
  EXPECT_TRUE(chosen.options.on("nesterov"));
  EXPECT_EQ(chosen.options.implementation(), Implementation::for_loop);
}

TEST(OptimizerOptions, StartFromTheDefaultsOfTheRow) {
  EXPECT_EQ(parse_optimizer("momentum").options["momentum"], 0.9);
  EXPECT_EQ(parse_optimizer("adamw").options["weight_decay"], 0.01);
  EXPECT_EQ(parse_optimizer("adam").options["weight_decay"], 0);
  EXPECT_EQ(parse_optimizer("adafactor").options.implementation(), Implementation::for_loop);
  EXPECT_EQ(parse_optimizer("rmsprop").options.implementation(), Implementation::foreach);
}

TEST(OptimizerOptions, CanBeGivenTheirDefaults) {
  for (const Optimizer& row : optimizers()) {
    for (const OptimizerOption& option : row.options) {
      const std::string value = option.values == Values::flag ? fmt::format("{}", option.standard != 0)
                                                              : fmt::format("{}", option.standard);
      EXPECT_EQ(refusal(fmt::format("{}:{}={}", row.name, option.name, value)), "") << row.name;
    }
    for (const Implementation each : row.implementations)
      EXPECT_EQ(refusal(fmt::format("{}:implementation={}", row.name, name_of(each))), "") << row.name;
  }
}

TEST(OptimizerOptions, OfAnotherOptimizerAreRefused) {
  EXPECT_EQ(refusal("adamw:momentum=0.9").substr(0, 47), "there is no option of adamw 'momentum'; known a");
  EXPECT_EQ(refusal("sgd:nestrov=true"), "there is no option of sgd 'nestrov'; did you mean 'nesterov'?");
  EXPECT_NE(refusal("sgd:beta1=0.9"), "");
  EXPECT_NE(refusal("momentum:amsgrad=true"), "");
  EXPECT_NE(refusal("adam:differentiable=true"), "");
}

TEST(OptimizerOptions, AreRefusedWhereTorchRefusesThem) {
  EXPECT_EQ(refusal("adamw:beta1=1"), "optimizer option beta1=1 needs a number from 0 to below 1");
  EXPECT_NE(refusal("adamw:beta2=1.5"), "");
  EXPECT_EQ(refusal("adamw:beta1=0,beta2=0.9999"), "");
  EXPECT_EQ(refusal("adadelta:rho=1.5"), "optimizer option rho=1.5 needs a number from 0 to 1");
  EXPECT_EQ(refusal("adafactor:d=0.5"), "optimizer option d=0.5 needs a number of at least 1");
  EXPECT_EQ(refusal("adafactor:beta2_decay=0.8"),
            "optimizer option beta2_decay=0.8 needs a number of at most 0");
  EXPECT_EQ(refusal("sgd:nesterov=true"),
            "optimizer option nesterov=true needs a momentum above 0 and a dampening of 0");
  EXPECT_NE(refusal("momentum:nesterov=true,dampening=0.1"), "");
  EXPECT_EQ(refusal("momentum:nesterov=true"), "");
  EXPECT_EQ(refusal("sgd:nesterov=true,momentum=0.9"), "");
}

TEST(OptimizerOptions, AreRefusedWhereNothingIsModelled) {
  EXPECT_EQ(refusal("adagrad:implementation=fused").substr(0, 49),
            "there is no implementation of adagrad 'fused'; kn");
  EXPECT_NE(refusal("adam:capturable=true,implementation=for-loop"), "");
  EXPECT_EQ(refusal("adam:capturable=true,implementation=fused"), "");
  EXPECT_NE(refusal("adamw:capturable=true,lr=0"), "");
}

TEST(OptimizerOptions, AreRefusedIfTheyAreNone) {
  for (const char* text :
       {"adamm", "adamw:", "adamw:lr=1,", "adamw:lr", "adamw:lr=x", "adamw:lr=-1", "adamw:lr=inf",
        "adamw:speed=1", "sgd:nesterov=1", "sgd:implementation=slow", "sgd:lr=1,,momentum=0"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_EQ(refusal("adamm"), "there is no optimizer 'adamm'; did you mean 'adam'?");
}

TEST(Adafactor, RefusesWeightsOfMoreThanTwoDimensions) {
  EXPECT_THROW(GivenGradients("adafactor", {{4, 3, 2}}, 1), UsageError);
}

}  // namespace
}  // namespace memsweep
