// `losses.append(loss)`: the list holds each loss, and with it the graph that made it unless a backward pass
// has let that go. `losses.append(loss.item())` is the cure.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/sweep/training.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

constexpr std::int64_t kBatch = 32;
constexpr int kFirstSteps = 8;  // until memory has settled
constexpr std::int64_t kMostSteps = 4096;

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

/// Stages of 8, 8, 16, 32, … steps, to 4096 in all or until memory runs out.
std::vector<Stage> collect(const TrainingStep& step, Device& device, const TrialOptions& options) {
  const Schedule schedule(step(kBatch));
  Training training(device, schedule, options);
  std::vector<Stage> stages;
  std::int64_t done = 0;
  for (int steps = kFirstSteps; done < kMostSteps; steps = static_cast<int>(done)) {
    stages.push_back(
        training.stage(fmt::format("to step {}", done + steps), steps, [&] { training.step(); }));
    if (stages.back().outcome != Outcome::ok) break;
    done += steps;
  }
  return stages;
}

/// The step that a stage leads to, as its name says.
std::int64_t last_step(const Stage& stage) {
  return std::stoll(stage.name.substr(stage.name.rfind(' ') + 1));
}

std::string conclude_habit(const ExperimentResult& result) {
  const Stage& last = result.stages.back();
  const Stage& first = result.stages.front();
  const bool ran_out = last.outcome == Outcome::oom;
  if (result.stages.size() < (ran_out ? 3U : 2U)) {
    return fmt::format("{}: out of memory within the first {} steps.", result.variant, last_step(last));
  }
  const Stage& whole = ran_out ? result.stages[result.stages.size() - 2] : last;
  const double steps = static_cast<double>(last_step(whole) - last_step(first));
  const double grown = static_cast<double>(whole.now.allocated) - static_cast<double>(first.now.allocated);
  if (grown <= 0) {
    return fmt::format("{}: memory stays at {} allocated, after {} steps as after {}.", result.variant,
                       format_bytes(whole.now.allocated), last_step(whole), last_step(first));
  }
  const std::int64_t survived = last_step(whole) + last.seconds.samples;
  return fmt::format("{}: each step leaves {} behind; {}.", result.variant,
                     format_bytes(static_cast<std::size_t>(grown / steps)),
                     ran_out ? fmt::format("memory runs out in step {}", survived + 1)
                             : fmt::format("memory lasts for more than {} steps", last_step(whole)));
}

}  // namespace

std::vector<Experiment> graph_leak(const TrainingOptions& options, const Profile&) {
  std::vector<Experiment> experiments;
  for (const Habit& habit : habits()) {
    TrainingOptions other = options;
    other.loop.mode = habit.mode;
    if (!trains(habit.mode)) other.recompute.clear();
    experiments.push_back({fmt::format("{} at batch {}", options.model.spec, kBatch), habit.name,
                           [step = parse_training_step(other)](Device& device, const TrialOptions& trial) {
                             return collect(step, device, trial);
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
