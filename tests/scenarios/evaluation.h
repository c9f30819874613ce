// What a training has left, in evaluation.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/sweep/execution.h"
#include "scenarios/training_step.h"

namespace memsweep::testing {

/// Losses of each batch under no_grad, with the weights and the running statistics of a training on cpu that
/// had these options.
inline std::vector<float> evaluation_losses(TrainingOptions options, std::int64_t batch,
                                            const Program& trained, const Execution& training) {
  options.loop.mode = Mode::no_grad;
  const Schedule schedule(parse_training_step(options)(batch));
  const Program& program = schedule.program;
  const auto device = make_cpu(64_MiB);
  CachingAllocator allocator(device->memory());
  Execution execution(*device, allocator, {});
  execution.set_up(schedule);
  std::map<std::string, BufferId> left;
  for (BufferId id = 0; id < trained.buffers.size(); ++id) left.emplace(trained.buffers[id].name, id);
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    const Buffer& buffer = program.buffers[id];
    if (buffer.lifetime != Lifetime::for_ever) continue;
    std::memcpy(reinterpret_cast<void*>(execution.address(id)),
                reinterpret_cast<const void*>(training.address(left.at(buffer.name))), buffer.type.bytes());
  }
  std::vector<float> losses;
  execution.on_phase_end([&](std::int64_t, Phase phase) {
    if (phase == Phase::loss)
      losses.push_back(*reinterpret_cast<const float*>(execution.address(program.loss)));
  });
  for (int k = 1; k <= options.randomness.batches; ++k) execution.step(schedule, k);
  return losses;
}

}  // namespace memsweep::testing
