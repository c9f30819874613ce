// Losses, gradients, optimizer state and final weights of recorded trainings against the same trainings
// on the cpu device, within the tolerance that each case carries (tests/golden/training/README.md).

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/scenarios/evaluation.h"
#include "tests/scenarios/recorded_training.h"

namespace memsweep {
namespace {

using namespace testing;

/// Why a case is none of an fp32 model; empty if it is.
std::string outside(const Json& spec) {
  if (!spec.contains("model")) return "no model";
  if (spec.contains("mode") || spec.contains("dtype"))
    return "16-bit precision (low_precision_golden_test) or recomputation (recompute_golden_test)";
  return "";
}

std::optional<ClipOptions> clip_options(const Json& spec) {
  if (!spec.contains("clip")) return std::nullopt;
  const Json& type = spec.at("clip").at("norm_type");
  ClipOptions options;
  options.max_norm = spec.at("clip").at("max_norm").get<double>();
  options.norm_type = type == "inf" ? std::numeric_limits<double>::infinity() : type.get<double>();
  return options;
}

Program program_of(const Json& spec) {
  TrainingStep step = parse_training_step(training_options(spec));
  step.loop.clip = clip_options(spec);
  if (!spec.contains("micro_batches")) return step(spec.at("batch").get<std::int64_t>());
  return step.of_micro_batches(spec.at("micro_batches").get<std::vector<std::int64_t>>());
}

class TrainingRun : Run {
 public:
  explicit TrainingRun(const Json& spec) : Run(spec, program_of(spec)) {
    const Phase complete = spec.contains("clip") ? Phase::clip : Phase::backward;
    execution_.on_phase_end([this, complete](std::int64_t step, Phase phase) {
      if (phase == Phase::loss) check_loss(step);
      if (phase == complete) check_gradients(step);
      if (phase == Phase::zero_grad && truth().contains("batchnorm")) check_running_statistics(step);
    });
  }

  void run() {
    execution_.set_up(schedule_);
    const auto steps = spec_.at("steps").get<std::int64_t>();
    for (std::int64_t step = 1; step <= steps; ++step) execution_.step(schedule_, step);
    clear_key_biases();
    check_tensors("params_end", truth().at("params_end"), [](const Parameter& p) { return p.weight; });
    if (truth().contains("state_end")) check_state();
    if (truth().contains("eval_loss")) check_evaluation();
  }

 private:
  void check_loss(std::int64_t step) {
    const double recorded = truth().at("loss")[static_cast<std::size_t>(step - 1)].get<double>();
    EXPECT_NEAR(read(program().loss)[0], recorded, tolerance(step == 1 ? "loss_first" : "loss"))
        << "step " << step;
  }

  void check_gradients(std::int64_t step) {
    const auto name = std::to_string(step);
    if (!truth().at("grads").contains(name)) return;
    check_tensors("grads_" + name, truth().at("grads").at(name),
                  [](const Parameter& p) { return p.gradient; });
  }

  /// Softmax does not see them, so that what trains them is rounding noise.
  void clear_key_biases() {
    for (const Parameter& parameter : program().parameters) {
      if (!program().buffers[parameter.weight].name.ends_with(".qkv.bias")) continue;
      const auto third = static_cast<std::size_t>(program().type(parameter.weight).shape.elements() / 3);
      auto* bias = reinterpret_cast<float*>(execution_.address(parameter.weight));
      std::fill_n(bias + third, third, 0.0F);
    }
  }

  /// Each tensor as a whole.
  void check_running_statistics(std::int64_t step) {
    const Json& recorded = truth().at("batchnorm");
    if (!recorded.contains(std::to_string(step))) return;
    const Json& layers = recorded.at(std::to_string(step));
    for (std::size_t i = 0; i < layers.size(); ++i) {
      for (const auto& [name, values] : layers[i].items())
        check_whole(fmt::format("bn{}.{}", i + 1, name), values.get<std::vector<double>>(),
                    tolerance("batchnorm"));
    }
  }

  void check_whole(const std::string& name, const std::vector<double>& recorded, double allowed) {
    const std::vector<float> values = read(buffer_of(name));
    ASSERT_EQ(values.size(), recorded.size()) << name;
    double distance = 0, size = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      distance += std::pow(static_cast<double>(values[i]) - recorded[i], 2);
      size += recorded[i] * recorded[i];
    }
    EXPECT_LE(std::sqrt(distance), allowed * std::sqrt(size)) << name;
  }

  void check_state() {
    for (const Json& entry : truth().at("state_end")) {
      for (const auto& [state, recorded] : entry.at("state").items()) {
        const auto weight = entry.at("name").get<std::string>();
        check_tensor("state_end", recorded, read(buffer_of(fmt::format("{}({})", state, weight))));
      }
    }
  }

  void check_evaluation() {
    const auto losses = evaluation_losses(training_options(spec_), spec_.at("batch").get<std::int64_t>(),
                                          program(), execution_);
    const Json& recorded = truth().at("eval_loss");
    ASSERT_EQ(losses.size(), recorded.size());
    for (std::size_t k = 0; k < losses.size(); ++k)
      EXPECT_NEAR(losses[k], recorded[k].get<double>(), tolerance("eval_loss")) << "batch " << k;
  }

  BufferId buffer_of(const std::string& name) const {
    for (BufferId id = 0; id < program().buffers.size(); ++id) {
      if (program().buffers[id].name == name) return id;
    }
    ADD_FAILURE() << "there is no " << name;
    return 0;
  }
};

class AccumulationRun : Run {
 public:
  explicit AccumulationRun(const Json& spec) : Run(spec, program_of(spec)) {
    execution_.on_phase_end([this](std::int64_t, Phase phase) {
      if (phase == Phase::loss) losses_.push_back(read(program().loss)[0]);
      if (phase == Phase::backward && losses_.size() == micro_batches()) check_gradients();
    });
  }

  void run() {
    execution_.set_up(schedule_);
    execution_.step(schedule_, 1);
    ASSERT_EQ(losses_.size(), micro_batches());
    for (std::size_t m = 0; m < losses_.size(); ++m) {
      const double share = spec_.at("micro_batches")[m].get<double>() / spec_.at("batch").get<double>();
      const double recorded = truth().at("micro_losses")[m].get<double>();
      EXPECT_NEAR(losses_[m], share * recorded, tolerance("grads")) << "micro-batch " << m;
    }
  }

 private:
  [[nodiscard]] std::size_t micro_batches() const { return spec_.at("micro_batches").size(); }

  void check_gradients() {
    check_tensors("grads", truth().at("grads"), [](const Parameter& p) { return p.gradient; });
  }

  std::vector<float> losses_;
};

class Training : public ::testing::TestWithParam<Case> {};

TEST_P(Training, FollowsTheRecordedOne) { TrainingRun(GetParam().spec).run(); }

class Accumulation : public ::testing::TestWithParam<Case> {};

TEST_P(Accumulation, AddsUpToTheGradientsOfTheWholeBatch) { AccumulationRun(GetParam().spec).run(); }

std::vector<Case> inside(std::initializer_list<const char*> lists) {
  std::vector<Case> list;
  for (Case& one : cases_in(lists)) {
    if (outside(one.spec).empty()) list.push_back(std::move(one));
  }
  return list;
}

std::string name_of_case(const ::testing::TestParamInfo<Case>& one) { return test_name(one.param.id); }

INSTANTIATE_TEST_SUITE_P(Golden, Training, ::testing::ValuesIn(inside({"cases", "clipping"})), name_of_case);
INSTANTIATE_TEST_SUITE_P(Golden, Accumulation, ::testing::ValuesIn(inside({"accumulation"})), name_of_case);

TEST(TrainingGolden, SaysWhichCasesAreLeftOutAndWhy) {
  std::map<std::string, std::size_t> reasons;
  std::size_t compared = 0;
  for (const Case& one : cases_in({"cases", "clipping", "accumulation"})) {
    const std::string reason = outside(one.spec);
    ++(reason.empty() ? compared : reasons[reason]);
  }
  for (const auto& [reason, count] : reasons) fmt::print("left out: {} cases: {}\n", count, reason);
  fmt::print("compared: {} cases\n", compared);
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace memsweep
