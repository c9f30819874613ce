// Derived gradients against differences of the loss, on the cpu device.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/program/differentiate.h"
#include "harness/sweep/execution.h"

namespace memsweep::testing {

/// Runs one program on cpu, and lets weights be moved.
class RunningModel {
 public:
  explicit RunningModel(Program program)
      : schedule_(std::move(program)),
        device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        execution_(*device_, allocator_, {}) {
    execution_.on_phase_end([this](std::int64_t, Phase phase) {
      if (phase == Phase::loss) loss_ = *values(schedule_.program.loss);
      if (phase == Phase::backward)
        gradient_ = values(schedule_.program.parameters[parameter_].gradient)[watched_];
    });
    execution_.set_up(schedule_);
  }

  [[nodiscard]] std::size_t parameters() const { return schedule_.program.parameters.size(); }
  [[nodiscard]] std::string name(std::size_t parameter) const {
    return schedule_.program.buffers[schedule_.program.parameters[parameter].weight].name;
  }
  [[nodiscard]] std::size_t weights(std::size_t parameter) const {
    const BufferId weight = schedule_.program.parameters[parameter].weight;
    return static_cast<std::size_t>(schedule_.program.type(weight).shape.elements());
  }

  /// The derived gradient of a parameter's element i.
  double derived(std::size_t parameter, std::size_t i) {
    parameter_ = parameter;
    watched_ = i;
    run();
    return gradient_;
  }

  /// The same from the loss on both sides.
  double by_differences(std::size_t parameter, std::size_t i) {
    constexpr float kStep = 1e-2F;
    float& weight = values(schedule_.program.parameters[parameter].weight)[i];
    const float middle = weight;
    weight = middle + kStep;
    const double above = run();
    weight = middle - kStep;
    const double below = run();
    weight = middle;
    return (above - below) / (2 * kStep);
  }

 private:
  float* values(BufferId id) { return reinterpret_cast<float*>(execution_.address(id)); }

  double run() {
    execution_.step(schedule_, ++step_);
    return loss_;
  }

  Schedule schedule_;
  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Execution execution_;
  std::int64_t step_ = 0;
  std::size_t parameter_ = 0, watched_ = 0;
  double loss_ = 0;
  double gradient_ = 0;
};

/// Of every parameter, in up to `most` places each.
inline void expect_true_gradients(Program forward, std::size_t most = 64) {
  Program program = differentiate(std::move(forward));
  append_zero_grad(program);
  verify(program);
  RunningModel model(std::move(program));
  for (std::size_t p = 0; p < model.parameters(); ++p) {
    const std::size_t n = model.weights(p), stride = (n + most - 1) / most;
    for (std::size_t i = 0; i < n; i += stride) {
      const double truth = model.by_differences(p, i);
      EXPECT_NEAR(model.derived(p, i), truth, 2e-3 + 0.01 * std::abs(truth)) << model.name(p) << " at " << i;
    }
  }
}

}  // namespace memsweep::testing
