// Losses, gradients, optimizer state and final weights of recorded trainings against the same trainings
// on the cpu device, within the tolerance that each case carries (tests/golden/training/README.md).

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/sweep/execution.h"
#include "scenarios/training_step.h"
#include "tests/golden.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

struct Case {
  std::string id;
  Json spec;
};

/// Every case of every file that has a list `cases`.
std::vector<Case> all_cases() {
  std::vector<Case> list;
  for (const auto& entry : std::filesystem::directory_iterator(testing::golden_root() / "training")) {
    if (entry.path().extension() != ".json") continue;
    const Json file = Json::parse(std::ifstream(entry.path()));
    if (!file.contains("cases")) continue;
    for (const Json& spec : file.at("cases")) {
      list.push_back({file.at("part").get<std::string>() + "_" + spec.at("name").get<std::string>(), spec});
    }
  }
  return list;
}

/// Why a case is none of an fp32 MLP with an optimizer that is here; empty if it is.
std::string outside(const Json& spec) {
  if (!spec.contains("model")) return "no model";
  const auto kind = spec.at("model").at("kind").get<std::string>();
  if (kind != "mlp") return "model " + kind;
  if (spec.contains("mode") || spec.contains("dtype")) return "16-bit precision, or hashes only";
  const auto optimizer = spec.at("optimizer").at("name").get<std::string>();
  if (optimizer != "sgd" && optimizer != "adamw") return "optimizer " + optimizer;
  return "";
}

TrainingOptions training_options(const Json& spec) {
  const Json& model = spec.at("model");
  TrainingOptions options;
  options.model.spec.clear();
  for (int width : model.at("widths")) {
    options.model.spec += fmt::format("{}{}", options.model.spec.empty() ? "mlp:" : "-", width);
  }
  const auto activation = model.at("activation").get<std::string>();
  options.model.activation = activation == "gelu_erf" ? "gelu" : activation;
  options.model.layer_norm = model.at("layernorm").get<bool>();
  options.model.dropout = model.value("dropout", 0.0);
  options.model.gain = model.at("gain").get<double>();
  options.randomness = {spec.at("seed").get<std::uint32_t>(), spec.at("batches").get<int>()};

  options.optimizer = spec.at("optimizer").at("name").get<std::string>() + ":weight_decay=0,";
  for (const auto& [key, value] : spec.at("optimizer").items()) {
    if (key == "name") continue;
    options.optimizer +=
        key == "betas" ? fmt::format("beta1={},beta2={},", value[0].get<double>(), value[1].get<double>())
                       : fmt::format("{}={},", key, value.dump());
  }
  options.optimizer.pop_back();
  return options;
}

class TrainingRun {
 public:
  explicit TrainingRun(const Json& spec)
      : spec_(spec),
        device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        schedule_(parse_training_step(training_options(spec))(spec.at("batch").get<std::int64_t>())),
        execution_(*device_, allocator_, {}) {
    execution_.on_phase_end([this](std::int64_t step, Phase phase) {
      if (phase == Phase::loss) check_loss(step);
      if (phase == Phase::backward) check_gradients(step);
    });
  }

  void run() {
    execution_.set_up(schedule_);
    const auto steps = spec_.at("steps").get<std::int64_t>();
    for (std::int64_t step = 1; step <= steps; ++step) execution_.step(schedule_, step);
    check_tensors("params_end", truth().at("params_end"), [](const Parameter& p) { return p.weight; });
    if (truth().contains("state_end")) check_state();
  }

 private:
  [[nodiscard]] const Json& truth() const { return spec_.at("truth"); }
  [[nodiscard]] const Program& program() const { return schedule_.program; }
  [[nodiscard]] double tolerance(const std::string& name) const {
    return spec_.at("tolerance").at(name).get<double>();
  }

  std::vector<float> read(BufferId id) {
    std::vector<float> values(static_cast<std::size_t>(program().type(id).shape.elements()));
    device_->read(execution_.address(id), values.data(), values.size() * sizeof(float));
    return values;
  }

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

  template <typename Choose>
  void check_tensors(const std::string& what, const Json& recorded, Choose choose) {
    ASSERT_EQ(recorded.size(), program().parameters.size());
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      const Parameter& parameter = program().parameters[i];
      EXPECT_EQ(recorded[i].at("name"), program().buffers[parameter.weight].name);
      check_tensor(what, recorded[i], read(choose(parameter)));
    }
  }

  void check_state() {
    for (const Json& entry : truth().at("state_end")) {
      for (const auto& [state, recorded] : entry.at("state").items()) {
        check_tensor("state_end", recorded, read(state_of(state, entry.at("name").get<std::string>())));
      }
    }
  }

  BufferId state_of(const std::string& state, const std::string& weight) const {
    const auto name = fmt::format("{}({})", state, weight);
    for (BufferId id = 0; id < program().buffers.size(); ++id) {
      if (program().buffers[id].name == name) return id;
    }
    ADD_FAILURE() << "there is no " << name;
    return 0;
  }

  void check_tensor(const std::string& what, const Json& recorded, const std::vector<float>& values) {
    const std::string where = what + " " + recorded.value("name", "");
    double sum = 0, squares = 0;
    for (float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double l2 = recorded.at("l2").get<double>();
    const double allowed = tolerance(what) * l2;
    EXPECT_NEAR(std::sqrt(squares), l2, allowed) << where;
    EXPECT_NEAR(sum, recorded.at("sum").get<double>(),
                allowed * std::sqrt(static_cast<double>(values.size())))
        << where;
    if (!recorded.contains("at")) return;
    for (std::size_t j = 0; j < recorded.at("at").size(); ++j) {
      const auto at = recorded.at("at")[j].get<std::size_t>();
      EXPECT_NEAR(values.at(at), recorded.at("value")[j].get<double>(), allowed) << where << " at " << at;
    }
  }

  const Json& spec_;
  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Schedule schedule_;
  Execution execution_;
};

class Training : public ::testing::TestWithParam<Case> {};

TEST_P(Training, FollowsTheRecordedOne) { TrainingRun(GetParam().spec).run(); }

std::vector<Case> inside() {
  std::vector<Case> list;
  for (Case& one : all_cases()) {
    if (outside(one.spec).empty()) list.push_back(std::move(one));
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Golden, Training, ::testing::ValuesIn(inside()),
                         [](const auto& one) { return testing::test_name(one.param.id); });

TEST(TrainingGolden, SaysWhichCasesAreLeftOutAndWhy) {
  std::map<std::string, std::size_t> reasons;
  std::size_t compared = 0;
  for (const Case& one : all_cases()) {
    const std::string reason = outside(one.spec);
    ++(reason.empty() ? compared : reasons[reason]);
  }
  for (const auto& [reason, count] : reasons) fmt::print("left out: {} cases: {}\n", count, reason);
  fmt::print("compared: {} cases\n", compared);
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace memsweep
