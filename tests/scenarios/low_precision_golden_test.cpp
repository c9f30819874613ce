// Recorded trainings in 16 bit against the same trainings on the cpu device: as close to the exact training,
// and to one that rounds where the mode says so, as PyTorch's were; and no closer, which would be f32.

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/scenarios/recorded_training.h"

namespace memsweep {
namespace {

using namespace testing;

/// A fixed scale is a scaler that never grows.
PrecisionOptions precision_options(const Json& spec) {
  static const std::map<std::string, std::string> kNames{{"pure", ""},
                                                         {"pure_loss16", ""},
                                                         {"master", "master-"},
                                                         {"autocast_cpu", "autocast-"},
                                                         {"autocast_cuda", "autocast-"}};
  PrecisionOptions options;
  options.name =
      kNames.at(spec.at("mode").get<std::string>()) + (spec.at("dtype") == "float16" ? "fp16" : "bf16");
  options.wide_loss = spec.at("mode") != "pure_loss16";
  if (spec.contains("loss_scale")) {
    options.scaler =
        fmt::format("growth_interval=16777216,init_scale={}", spec.at("loss_scale").get<double>());
  }
  if (spec.contains("scaler")) {
    options.scaler.clear();
    for (const auto& [key, value] : spec.at("scaler").items())
      options.scaler += fmt::format("{}{}={}", options.scaler.empty() ? "" : ",", key, value.get<double>());
  }
  return options;
}

Program program_of(const Json& spec) {
  TrainingOptions options = training_options(spec);
  options.precision = precision_options(spec);
  TrainingStep step = parse_training_step(options);
  // Which lists are asked is of no interest to a GPU's memory, and no choice on the command line.
  if (spec.at("mode") == "autocast_cpu") step.precision.lists = AutocastLists::cpu;
  return step(spec.at("batch").get<std::int64_t>());
}

/// Gradients are looked at where they are complete, and the scaler's factor is out of them.
class LowPrecisionRun : Run {
 public:
  explicit LowPrecisionRun(const Json& spec) : Run(spec, program_of(spec)) {
    execution_.on_phase_end([this](std::int64_t step, Phase phase) {
      if (phase == Phase::loss) losses_.push_back(read(program().loss)[0]);
      if (phase == (program().overflow ? Phase::optimizer : Phase::backward)) check_gradients(step);
    });
  }

  void run() {
    execution_.set_up(schedule_);
    const auto steps = spec_.at("steps").get<std::int64_t>();
    for (std::int64_t step = 1; step <= steps; ++step) execution_.step(schedule_, step);
    check_losses("truth");
    if (spec_.contains("rounded")) check_losses("rounded");
    EXPECT_GE(mean_deviation(), tolerance("at_least_mean_loss_vs_truth")) << "too good for 16 bit";
  }

 private:
  void check_losses(const std::string& from) {
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      const double recorded = spec_.at(from).at("loss")[i].get<double>();
      EXPECT_NEAR(losses_[i], recorded, tolerance("loss_vs_" + from)) << from << " step " << i + 1;
      if (i > 0) continue;
      EXPECT_NEAR(losses_[i], recorded, tolerance("loss_first_vs_" + from)) << from;
    }
  }

  [[nodiscard]] double mean_deviation() const {
    double sum = 0;
    for (std::size_t i = 0; i < losses_.size(); ++i)
      sum += std::abs(losses_[i] - truth().at("loss")[i].get<double>());
    return sum / static_cast<double>(losses_.size());
  }

  void check_gradients(std::int64_t step) {
    const auto name = std::to_string(step);
    for (const std::string from : {"truth", "rounded"}) {
      const auto bound = fmt::format("grads_{}_vs_{}", name, from);
      if (!spec_.contains(from) || !spec_.at("tolerance").contains(bound)) continue;
      check_tensors(bound, spec_.at(from).at("grads").at(name),
                    [](const Parameter& p) { return p.gradient; });
    }
  }

  std::vector<double> losses_;
};

/// A training whose gradients overflow by themselves until the scale is small enough.
class OverflowRun : Run {
 public:
  explicit OverflowRun(const Json& spec) : Run(spec, program_of(spec)) {
    execution_.on_phase_end([this](std::int64_t, Phase phase) {
      if (phase == Phase::loss) loss_ = read(program().loss)[0];
    });
  }

  void run() {
    execution_.set_up(schedule_);
    const double allowed = 10 * spec_.at("deviation").at("loss").get<double>();
    for (const Json& event : spec_.at("events")) {
      const auto step = event.at("step").get<std::int64_t>(), updates = execution_.updates();
      execution_.step(schedule_, step);
      EXPECT_NEAR(loss_, event.at("loss").get<double>(), allowed) << "step " << step;
      EXPECT_EQ(execution_.updates() == updates, event.at("skipped").get<bool>()) << "step " << step;
      EXPECT_EQ(read(scale())[0], event.at("scale").get<float>()) << "step " << step;
    }
  }

 private:
  [[nodiscard]] BufferId scale() const {
    const auto& update = *std::find_if(program().step.begin(), program().step.end(),
                                       [](const Instr& instr) { return instr.op == Op::update_scale; });
    return update.inputs[0];
  }

  double loss_ = 0;
};

TEST(LossScaling, SkipsTheStepsThatPytorchSkips) {
  const auto cases = cases_in({"float16_training"});
  EXPECT_FALSE(cases.empty());
  for (const Case& one : cases) OverflowRun(one.spec).run();
}

class LowPrecision : public ::testing::TestWithParam<Case> {};

TEST_P(LowPrecision, IsAsFarFromTheExactTrainingAsPytorch) { LowPrecisionRun(GetParam().spec).run(); }

std::vector<Case> low_precision_cases() {
  std::vector<Case> list;
  for (Case& one : cases_in({"cases"})) {
    if (one.spec.contains("mode")) list.push_back(std::move(one));
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Golden, LowPrecision, ::testing::ValuesIn(low_precision_cases()),
                         [](const auto& one) { return test_name(one.param.id); });

}  // namespace
}  // namespace memsweep
