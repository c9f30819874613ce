// Recorded sequences of loss scaling: gradients are given, some are overwritten with infinity or NaN, and
// scales, skipped steps and weights must be those of torch.amp.GradScaler (tests/golden/training/README.md).

#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/program/passes/loss_scaling.h"
#include "harness/sweep/execution.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

float number(const Json& value) {
  return value.is_string() ? std::stof(value.get<std::string>()) : value.get<float>();
}

class ScalerRun {
 public:
  explicit ScalerRun(const Json& spec)
      : spec_(spec),
        device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        execution_(*device_, allocator_, {}) {
    for (const Json& one : spec.at("inject")) inject_.emplace(one.at("step").get<std::int64_t>(), one);
    for (const Json& one : spec.at("events")) events_.emplace(one.at("step").get<std::int64_t>(), one);
    execution_.on_phase_end([this](std::int64_t step, Phase phase) {
      if (phase == Phase::backward) inject(step);
    });
  }

  void run() {
    const Schedule schedule(make_program());
    execution_.set_up(schedule);
    const auto steps = spec_.at("steps").get<std::int64_t>();
    for (std::int64_t step = 1; step <= steps; ++step) {
      const std::int64_t updates = execution_.updates();
      execution_.step(schedule, step);
      check(step, execution_.updates() == updates);
    }
    EXPECT_EQ(steps - execution_.updates(), spec_.at("skipped").get<std::int64_t>());
    for (std::size_t i = 0; i < parameters_.size(); ++i) check_weights(i);
  }

 private:
  BufferId drawn(Program& program, const std::string& name, std::int64_t size, double id, bool each_step) {
    const BufferId x = add_buffer(program, {name,
                                            {{size}, DType::f32},
                                            each_step ? Category::temporary : Category::weight,
                                            each_step ? Lifetime::until_last_reader : Lifetime::for_ever});
    Instr draw{.op = Op::uniform, .phase = each_step ? Phase::backward : Phase::setup, .outputs = {x}};
    draw.attributes = {
        spec_.at("seed").get<double>(), id, each_step ? 1.0 : 0.0, each_step ? 1e6 : 1, 0, 1, 0};
    (each_step ? program.step : program.setup).push_back(std::move(draw));
    return x;
  }

  /// loss = sum of <weight, gradient>, whose own value nobody reads.
  Program make_program() {
    Program program;
    program.loss = add_buffer(program, {"loss", {{}, DType::f32}, Category::activation, {}});
    program.step.push_back(
        {.op = Op::fill, .phase = Phase::loss, .outputs = {program.loss}, .attributes = {0}});
    const Json& o = spec_.at("scaler");
    const ScalerOptions options{o.at("init_scale"), o.at("growth_factor"), o.at("backoff_factor"),
                                o.at("growth_interval")};
    scaler_ = scale_loss(program, options);
    for (std::size_t i = 0; i < spec_.at("sizes").size(); ++i) {
      const auto size = spec_.at("sizes")[i].get<std::int64_t>();
      const auto id = static_cast<double>(i);
      const BufferId weight = drawn(program, fmt::format("p{}", i), size, id, false);
      const BufferId slope = drawn(program, fmt::format("slope{}", i), size, 1000 * (id + 1) + 1, true);
      const BufferId gradient =
          add_buffer(program, {fmt::format("grad{}", i), {{size}, DType::f32}, Category::gradient, {}});
      program.step.push_back({.op = Op::scale_by,
                              .phase = Phase::backward,
                              .inputs = {slope, scaler_.scale},
                              .outputs = {gradient}});
      program.parameters.push_back({weight, gradient});
    }
    append_unscale(program, scaler_, Phase::optimizer);
    const std::size_t update = program.step.size();
    for (const Parameter& p : program.parameters) {
      program.step.push_back({.op = Op::axpby,
                              .phase = Phase::optimizer,
                              .inputs = {p.weight, p.gradient},
                              .outputs = {p.weight}});
      program.step.back().attributes = {1, -spec_.at("lr").get<double>()};
    }
    skip_on_overflow(program, update);
    append_scale_update(program, scaler_, options);
    verify(program);
    parameters_ = program.parameters;
    return program;
  }

  [[nodiscard]] float* values(BufferId id) const { return reinterpret_cast<float*>(execution_.address(id)); }

  void inject(std::int64_t step) {
    for (auto [at, end] = inject_.equal_range(step); at != end; ++at) {
      const Json& one = at->second;
      values(parameters_[one.at("tensor").get<std::size_t>()].gradient)[one.at("element").get<int>()] =
          number(one.at("value"));
    }
  }

  void check(std::int64_t step, bool skipped) const {
    const auto event = events_.find(step);
    if (event == events_.end()) {
      EXPECT_FALSE(skipped) << "step " << step;
      return;
    }
    EXPECT_EQ(skipped, event->second.at("skipped").get<bool>()) << "step " << step;
    EXPECT_EQ(*values(scaler_.scale), event->second.at("scale").get<float>()) << "step " << step;
    EXPECT_EQ(*values(scaler_.tracker), event->second.at("growth_tracker").get<float>()) << "step " << step;
  }

  void check_weights(std::size_t i) const {
    const Json& recorded = spec_.at("params_end")[i];
    for (std::size_t j = 0; j < recorded.size(); ++j)
      EXPECT_NEAR(values(parameters_[i].weight)[j], recorded[j].get<double>(),
                  1e-6 + 1e-6 * std::abs(recorded[j].get<double>()));
  }

  const Json& spec_;
  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Execution execution_;
  LossScaler scaler_;
  std::vector<Parameter> parameters_;
  std::multimap<std::int64_t, Json> inject_;
  std::map<std::int64_t, Json> events_;
};

TEST(LossScalingGolden, ScalesAndSkipsAsGradScalerDoes) {
  const Json file = testing::read_json(testing::golden_root() / "training" / "grad-scaler.json");
  for (const Json& spec : file.at("cases")) {
    SCOPED_TRACE(spec.at("name").get<std::string>());
    ScalerRun(spec).run();
  }
  EXPECT_FALSE(file.at("cases").empty());
}

}  // namespace
}  // namespace memsweep
