// Trainings that PyTorch recorded with and without torch.utils.checkpoint: here, too, recomputation leaves
// the loss and every gradient as they are to the bit, and moves the running statistics of a batch norm twice.

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/scenarios/recorded_training.h"

namespace memsweep {
namespace {

using namespace testing;

/// How far the first loss of such models is from the truth, at most (tests/golden/training/README.md), in
/// float32 and in bf16: these cases carry no tolerance, and the recording of dropout rounds in other places.
constexpr double kLossTolerance = 8e-6, kLossTolerance16 = 9e-3;

struct Recomputation {
  std::string policy;
  bool reentrant = false;
};

/// By what the recordings call it.
const Recomputation& recomputation(const std::string& name) {
  static const std::map<std::string, Recomputation> kNames{{"none", {"none"}},
                                                           {"every_layer", {"every:1"}},
                                                           {"every_layer_reentrant", {"every:1", true}},
                                                           {"every_block", {"every:1"}},
                                                           {"every_block_reentrant", {"every:1", true}},
                                                           {"every_unit", {"every:1"}},
                                                           {"sequential_segments_2", {"segments:2"}},
                                                           {"sequential_segments_3", {"segments:3"}}};
  return kNames.at(name);
}

bool is_16_bit(const Json& spec) { return spec.value("dtype", "") == "bfloat16"; }

Program program_of(const Json& spec, const Recomputation& how) {
  TrainingOptions options = training_options(spec);
  if (is_16_bit(spec)) {
    options.precision.name = "bf16";
    options.precision.wide_loss = true;
  }
  options.recompute = {how.policy};
  options.reentrant = how.reentrant;
  return parse_training_step(options)(spec.at("batch").get<std::int64_t>());
}

/// The first step of a case.
class FirstStep : Run {
 public:
  FirstStep(const Json& spec, const std::string& recomputed)
      : Run(spec, program_of(spec, recomputation(recomputed))) {
    execution_.on_phase_end([this](std::int64_t, Phase phase) {
      if (phase == Phase::loss) loss = read(program().loss)[0];
      if (phase != Phase::backward) return;
      for (const Parameter& parameter : program().parameters) gradients.push_back(read(parameter.gradient));
    });
    execution_.set_up(schedule_);
    execution_.step(schedule_, 1);
  }

  [[nodiscard]] std::vector<float> values_of(const std::string& name) {
    const auto& buffers = program().buffers;
    const auto found = std::ranges::find(buffers, name, &Buffer::name);
    if (found != buffers.end()) return read(static_cast<BufferId>(found - buffers.begin()));
    ADD_FAILURE() << "there is no " << name;
    return {};
  }

  float loss = 0;
  std::vector<std::vector<float>> gradients;  // of each parameter
};

class Recomputed : public ::testing::TestWithParam<Case> {};

TEST_P(Recomputed, LossAndGradientsAreThoseOfTheWholeGraphToTheBit) {
  const Json& spec = GetParam().spec;
  const FirstStep whole(spec, "none");
  EXPECT_NEAR(whole.loss, spec.at("loss").get<double>(), is_16_bit(spec) ? kLossTolerance16 : kLossTolerance);
  ASSERT_FALSE(whole.gradients.empty());
  for (const auto& [name, hash] : spec.at("gradients_sha256").items()) {
    const FirstStep recomputed(spec, name);
    EXPECT_EQ(recomputed.loss, whole.loss) << name;
    EXPECT_EQ(recomputed.gradients, whole.gradients) << name;
  }
}

TEST(RecomputedBatchNorm, SeesItsBatchTwiceAndLeavesTheGradients) {
  const Json file = read_json(golden_root() / "training/recompute.json");
  const Json& spec = file.at("batchnorm");
  FirstStep whole(spec, "none"), recomputed(spec, "every_unit");
  EXPECT_EQ(recomputed.gradients, whole.gradients);
  const auto check = [](FirstStep& step, const Json& recorded) {
    EXPECT_NEAR(step.loss, recorded.at("loss").get<double>(), kLossTolerance);
    const Json& layers = recorded.at("batchnorm");
    for (std::size_t i = 0; i < layers.size(); ++i) {
      for (const auto& [name, values] : layers[i].items()) {
        const auto ours = step.values_of(fmt::format("bn{}.{}", i + 1, name));
        ASSERT_EQ(ours.size(), values.size());
        for (std::size_t c = 0; c < ours.size(); ++c) {
          EXPECT_NEAR(ours[c], values[c].get<double>(), kLossTolerance) << name << " of layer " << i + 1;
        }
      }
    }
  };
  check(whole, spec.at("none"));
  check(recomputed, spec.at("every_unit"));
}

/// Recordings in float64 say what those in float32 say, and no program here computes in it.
std::vector<Case> recordings() {
  std::vector<Case> list;
  for (Case& one : cases_in({"cases"})) {
    if (one.spec.contains("gradients_sha256") && one.spec.at("dtype") != "float64")
      list.push_back(std::move(one));
  }
  return list;
}

std::string name_of_case(const ::testing::TestParamInfo<Case>& one) { return test_name(one.param.id); }

INSTANTIATE_TEST_SUITE_P(Golden, Recomputed, ::testing::ValuesIn(recordings()), name_of_case);

}  // namespace
}  // namespace memsweep
