// `losses.append(loss)`: the list holds each loss, and with it the graph that made it unless a backward pass
// has let that go. `losses.append(loss.item())` is the cure.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/sweep/training.h"
#include "scenarios/training_step.h"
#include "scenarios/variants.h"

namespace memsweep {
namespace {

constexpr std::int64_t kFirstSteps = 8;  // until memory has settled
constexpr std::int64_t kMostSteps = 4096;
constexpr std::size_t kLeaksThatFill = 1024;  // about so many graphs fill the device

struct Habit {
  std::string name;
  Mode mode;
};

std::vector<Habit> habits() {
  return {{"append(loss), no backward", Mode::leak},
          {"append(loss.item()), no backward", Mode::eval_grad},
          {"append(loss) after backward", Mode::leak_trained},
          {"append(loss.item()) after backward", Mode::train}};
}

/// What each graph holds, bytes.
std::size_t graph_bytes(const Program& leak) {
  std::size_t bytes = 0;
  for (BufferId id : leak.saved_by_loss) bytes += leak.type(id).bytes();
  return bytes;
}

/// A power of two at which the leak shows within the steps that are run.
std::int64_t telling_batch(const TrainingStep& leak, const Profile& device) {
  const std::size_t wanted = (device.memory_bytes - device.context_bytes) / kLeaksThatFill;
  std::int64_t batch = 1;
  while (graph_bytes(leak(batch)) < wanted) batch *= 2;
  return batch;
}

/// To steps 8, 64, 512 and 4096, or until memory runs out.
std::vector<Stage> collect(const TrainingStep& step, std::int64_t batch, Device& device,
                           const TrialOptions& options) {
  const Schedule schedule(step(batch));
  Training training(device, schedule, options);
  std::vector<Stage> stages;
  std::int64_t done = 0;
  for (std::int64_t last = kFirstSteps; last <= kMostSteps; last *= 8) {
    stages.push_back(training.stage(fmt::format("to step {}", last), static_cast<int>(last - done),
                                    [&] { training.step(); }));
    if (stages.back().outcome != Outcome::ok) break;
    done = last;
  }
  return stages;
}

/// The step that a stage leads to, as its name says.
std::int64_t last_step(const Stage& stage) {
  return std::stoll(stage.name.substr(stage.name.rfind(' ') + 1));
}

/// A stage has a sample for each step that it finished.
std::int64_t steps_done(const ExperimentResult& result) {
  const std::size_t stages = result.stages.size();
  const std::int64_t before = stages < 2 ? 0 : last_step(result.stages[stages - 2]);
  return before + static_cast<std::int64_t>(result.stages.back().seconds.samples);
}

std::string conclude_habit(const ExperimentResult& result) {
  const Stage& last = result.stages.back();
  const Stage& first = result.stages.front();
  const bool ran_out = last.outcome == Outcome::oom;
  if (result.stages.size() < (ran_out ? 3U : 2U)) {
    return fmt::format("{}: out of memory in step {}.", result.variant, steps_done(result) + 1);
  }
  const Stage& whole = ran_out ? result.stages[result.stages.size() - 2] : last;
  const double steps = static_cast<double>(last_step(whole) - last_step(first));
  const double grown = static_cast<double>(whole.now.allocated) - static_cast<double>(first.now.allocated);
  if (grown <= 0) {
    return fmt::format("{}: memory stays at {} allocated, after {} steps as after {}.", result.variant,
                       format_bytes(whole.now.allocated), last_step(whole), last_step(first));
  }
  return fmt::format("{}: each step leaves {} behind; {}.", result.variant,
                     format_bytes(static_cast<std::size_t>(grown / steps)),
                     ran_out ? fmt::format("memory runs out in step {}", steps_done(result) + 1)
                             : fmt::format("memory lasts for more than {} steps", last_step(whole)));
}

}  // namespace

std::vector<Experiment> graph_leak(const TrainingOptions& options, const Profile& device) {
  const auto with_mode = [&options](Mode mode) {
    TrainingOptions other = trains(mode) ? without_recomputation(options) : without_training(options, mode);
    other.loop.mode = mode;
    return parse_training_step(other);
  };
  const std::int64_t batch = telling_batch(with_mode(Mode::leak), device);
  std::vector<Experiment> experiments;
  for (const Habit& habit : habits()) {
    experiments.push_back({fmt::format("{} at batch {}", options.model.spec, batch), habit.name,
                           [step = with_mode(habit.mode), batch](Device& on, const TrialOptions& trial) {
                             return collect(step, batch, on, trial);
                           }});
  }
  return experiments;
}

std::vector<std::string> conclude_graph_leak(std::span<const ExperimentResult> results) {
  std::vector<std::string> sentences;
  for (const ExperimentResult& result : results) sentences.push_back(conclude_habit(result));
  return sentences;
}

}  // namespace memsweep
