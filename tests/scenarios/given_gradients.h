// An optimizer at work on gradients that no model makes: weight k is uniform(id 0) of the seed + k, its
// gradient in step t 0.1 * uniform(id 1000 + t) + 0.2 * uniform(id 1) (tests/golden/training/README.md).
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/device/device.h"
#include "harness/memory/caching_allocator.h"
#include "harness/sweep/execution.h"
#include "scenarios/optimizer.h"

namespace memsweep::testing {

class GivenGradients {
 public:
  GivenGradients(const std::string& optimizer, const std::vector<Shape>& shapes, int seed)
      : device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        schedule_(program(optimizer, shapes, seed)),
        execution_(*device_, allocator_, {}) {
    execution_.set_up(schedule_);
  }

  void step() { execution_.step(schedule_, ++steps_); }

  /// The values of a buffer, by its name: "w0" or a state's "exp_avg(w0)".
  template <typename Value = float>
  [[nodiscard]] std::vector<Value> read(const std::string& name) {
    const auto& buffers = schedule_.program.buffers;
    for (BufferId id = 0; id < buffers.size(); ++id) {
      if (buffers[id].name != name) continue;
      std::vector<Value> values(static_cast<std::size_t>(buffers[id].type.shape.elements()));
      device_->read(execution_.address(id), values.data(), values.size() * sizeof(Value));
      return values;
    }
    ADD_FAILURE() << "there is no " << name;
    return {};
  }

 private:
  static Program program(const std::string& optimizer, const std::vector<Shape>& shapes, int first_seed) {
    constexpr double kNeverAgain = 1 << 20;
    Program program;
    for (std::size_t k = 0; k < shapes.size(); ++k) {
      const double seed = first_seed + static_cast<double>(k);
      const TensorType type{shapes[k], DType::f32};
      const auto add = [&](std::string name, Category category, Lifetime lifetime) {
        return add_buffer(program, {fmt::format("{}{}", name, k), type, category, lifetime});
      };
      const BufferId weight = add("w", Category::weight, Lifetime::for_ever);
      const BufferId gradient = add("g", Category::gradient, Lifetime::until_last_reader);
      const BufferId steady = add("steady", Category::temporary, Lifetime::until_last_reader);
      program.parameters.push_back({weight, gradient});
      const auto draw = [&](std::vector<Instr>& list, Phase phase, BufferId id, std::vector<double> numbers) {
        list.push_back(
            {.op = Op::uniform, .phase = phase, .outputs = {id}, .attributes = std::move(numbers)});
      };
      draw(program.setup, Phase::setup, weight, {seed, 0, 0, 1, 0, 1, 0});
      draw(program.step, Phase::backward, gradient, {seed, 1001, 1, kNeverAgain, 0, 0.1F, 0});
      draw(program.step, Phase::backward, steady, {seed, 1, 0, 1, 0, 0.2F, 0});
      program.step.push_back({.op = Op::axpby,
                              .phase = Phase::backward,
                              .inputs = {gradient, steady},
                              .outputs = {gradient},
                              .attributes = {1, 1}});
    }
    parse_optimizer(optimizer).append(program);
    verify(program);
    return program;
  }

  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Schedule schedule_;
  Execution execution_;
  std::int64_t steps_ = 0;
};

}  // namespace memsweep::testing
