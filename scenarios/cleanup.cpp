// What comes back after training: `del` and `empty_cache`, in either order. And the batches at which a step
// runs only because the cache is flushed in it, which comes before running out of memory.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/sweep/predict.h"
#include "harness/sweep/training.h"
#include "scenarios/training_step.h"
#include "scenarios/variants.h"

namespace memsweep {
namespace {

constexpr std::string_view kCliff = "growing batch";
constexpr std::string_view kBatch = "batch ";

constexpr std::string_view kDel = "del";
constexpr std::string_view kDelAllButOne = "del all but one tensor";
constexpr std::string_view kEmptyCache = "empty_cache";

struct Cleanup {
  std::string_view name;
  std::vector<std::string_view> actions;
};

std::vector<Cleanup> cleanups() {
  return {{"del, empty_cache", {kDel, kEmptyCache}},
          {"empty_cache, del", {kEmptyCache, kDel}},
          {"del", {kDel}},
          {"empty_cache", {kEmptyCache}},
          {"del all but one tensor, empty_cache", {kDelAllButOne, kEmptyCache}}};
}

// What stands where -------------------------------------------------------------------------------

/// The segment that an address lies in, bytes; 0: in none.
std::size_t segment_around(Address address, const std::vector<SegmentSnapshot>& layout) {
  const auto found = std::find_if(layout.begin(), layout.end(), [address](const SegmentSnapshot& s) {
    return s.address <= address && address < s.address + s.size;
  });
  return found == layout.end() ? 0 : found->size;
}

/// Of the buffers in the largest segment the smallest: it alone keeps most from being given back.
BufferId most_pinning(const Program& program, Training& training) {
  const auto layout = training.allocator().snapshot();
  BufferId best = 0;
  std::size_t segment_of_best = 0;
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    const std::size_t segment = segment_around(training.execution().address(id), layout);
    const bool smaller = program.type(id).bytes() < program.type(best).bytes();
    if (segment > segment_of_best || (segment == segment_of_best && segment > 0 && smaller)) {
      best = id;
      segment_of_best = segment;
    }
  }
  return best;
}

// Batches -----------------------------------------------------------------------------------------

struct Cliff {
  std::int64_t runs_freely = 0;  // the last batch below `runs` that flushes no cache; 0: none
  std::int64_t runs = 0;         // the last batch before memory runs out; 0: none
};

/// On a simulated device. Each is one of the boundaries there may be.
Cliff find_cliff(const Variant& step, const Profile& profile, const TrialOptions& options) {
  const auto fits = [&](std::int64_t batch) { return fits_on_sim(step, batch, profile, options); };
  const auto freely = [&](std::int64_t batch) { return runs_freely_on_sim(step, batch, profile, options); };
  const std::int64_t runs = find_boundary(fits, 1, kLargestBatch).largest;
  if (runs == 0) return {};
  return {find_boundary(freely, runs, runs).largest, runs};
}

// Experiments -------------------------------------------------------------------------------------

std::vector<Stage> clean_up(const Cleanup& cleanup, const Variant& step, Device& device,
                            const TrialOptions& options) {
  const Cliff cliff = find_cliff(step, device.profile(), options);
  const std::int64_t batch = std::max<std::int64_t>(cliff.runs_freely, 1);
  const Schedule schedule(step.program(batch));
  Training training(device, schedule, options);
  std::vector<Stage> stages{training.stage(fmt::format("{}{}", kBatch, batch),
                                           static_cast<int>(options.least_steps), [&] { training.step(); })};
  if (stages.back().outcome != Outcome::ok) return stages;
  for (std::string_view action : cleanup.actions) {
    if (action == kEmptyCache) {
      stages.push_back(training.stage("empty_cache", 1, [&] { training.allocator().empty_cache(); }));
      continue;
    }
    std::vector<BufferId> kept;
    if (action == kDelAllButOne) kept = {most_pinning(schedule.program, training)};
    const auto name =
        kept.empty() ? "del" : fmt::format("del all but {}", schedule.program.buffers[kept[0]].name);
    stages.push_back(training.stage(name, 1, [&] { training.execution().del_all_but(kept); }));
  }
  return stages;
}

/// Batches on both sides of both edges, each in an allocator of its own. The steps that are timed come after
/// those that bring memory to where it stays.
std::vector<Stage> cross_the_cliff(const Variant& step, Device& device, const TrialOptions& options) {
  constexpr int kTimedSteps = 5;
  const Cliff cliff = find_cliff(step, device.profile(), options);
  std::vector<std::int64_t> batches{cliff.runs_freely, cliff.runs_freely + 1, cliff.runs, cliff.runs + 1};
  std::sort(batches.begin(), batches.end());
  batches.erase(std::unique(batches.begin(), batches.end()), batches.end());
  std::erase(batches, 0);
  std::vector<Stage> stages;
  for (std::int64_t batch : batches) {
    const Schedule schedule(step.program(batch));
    Training training(device, schedule, options);
    const auto name = fmt::format("{}{}", kBatch, batch);
    const auto advance = [&] { training.step(); };
    Stage warm_up = training.stage(name, static_cast<int>(options.least_steps), advance);
    stages.push_back(warm_up.outcome == Outcome::ok ? training.stage(name, kTimedSteps, advance)
                                                    : std::move(warm_up));
  }
  return stages;
}

// Conclusions -------------------------------------------------------------------------------------

bool is_timed(const Stage& stage) { return stage.seconds.samples > 0; }

std::string left_after(const Stage& stage) {
  const auto time = is_timed(stage) ? fmt::format(" ({:.3f} ms)", stage.seconds.median * 1e3) : "";
  return fmt::format("{} reserved and {} allocated after {}{}", format_bytes(stage.now.reserved),
                     format_bytes(stage.now.allocated), stage.name, time);
}

std::string conclude_cleanup_of(const ExperimentResult& result) {
  std::vector<std::string> parts;
  for (const Stage& stage : result.stages) parts.push_back(left_after(stage));
  const bool trained = result.stages.front().outcome == Outcome::ok;
  return fmt::format("{}: {}{}", result.variant, fmt::join(parts, ", "), trained ? "" : ", out of memory");
}

const Stage* last_stage_of(std::span<const ExperimentResult> results, std::string_view variant) {
  const auto found = std::find_if(results.begin(), results.end(),
                                  [&](const ExperimentResult& r) { return r.variant == variant; });
  return found == results.end() ? nullptr : &found->stages.back();
}

std::string conclude_order(const Stage& del_first, const Stage& empty_cache_first) {
  return fmt::format(
      "empty_cache gives back what nobody holds: after del it leaves {} reserved, before it {}",
      format_bytes(del_first.now.reserved), format_bytes(empty_cache_first.now.reserved));
}

/// Of a stage that is named after its batch.
double seconds_a_sample(const Stage& stage) {
  return stage.seconds.median / std::stod(stage.name.substr(kBatch.size()));
}

std::string flushes_of(const Stage& stage, const Stage& freely, bool flushes_take_time) {
  const double flushes =
      static_cast<double>(stage.alloc_retries) / static_cast<double>(stage.seconds.samples);
  const auto cost = flushes_take_time ? fmt::format("takes {:.2f} times as long a sample",
                                                    seconds_a_sample(stage) / seconds_a_sample(freely))
                                      : "costs what a simulated clock does not count";
  return fmt::format("{} flushes its cache {:.1f} times a step and {}", stage.name, flushes, cost);
}

std::string conclude_cliff(std::span<const Stage> batches, bool flushes_take_time) {
  const Stage& first = batches.front();
  const Stage& last = batches.back();
  const auto end = last.outcome == Outcome::oom
                       ? fmt::format("{} runs out of memory ({})", last.name, name_of(last.verdict))
                       : fmt::format("{} still runs", last.name);
  if (first.verdict != Verdict::fits) return fmt::format("No batch runs freely, and {}", end);
  std::vector<std::string> flushing;
  for (const Stage& stage : batches) {
    if (stage.verdict == Verdict::flushing) flushing.push_back(flushes_of(stage, first, flushes_take_time));
  }
  if (flushing.empty()) return fmt::format("There is no thrash cliff: {} runs freely, {}", first.name, end);
  return fmt::format("The thrash cliff: {} runs freely, {}, and {}", first.name, fmt::join(flushing, ", "),
                     end);
}

}  // namespace

std::vector<Experiment> cleanup(const TrainingOptions& options, const Profile&) {
  const Variant step{options.model.spec, parse_training_step(without_recomputation(options))};
  std::vector<Experiment> experiments;
  for (const Cleanup& each : cleanups()) {
    experiments.push_back(
        {options.model.spec, std::string(each.name), [each, step](Device& device, const TrialOptions& trial) {
           return clean_up(each, step, device, trial);
         }});
  }
  experiments.push_back(
      {options.model.spec, std::string(kCliff),
       [step](Device& device, const TrialOptions& trial) { return cross_the_cliff(step, device, trial); }});
  return experiments;
}

std::vector<std::string> conclude_cleanup(std::span<const ExperimentResult> results) {
  const Stage* empty_cache = last_stage_of(results, "empty_cache");
  const bool flushes_take_time =
      empty_cache != nullptr && empty_cache->name == kEmptyCache && is_timed(*empty_cache);
  std::vector<std::string> sentences;
  for (const ExperimentResult& result : results) {
    sentences.push_back(result.variant == kCliff ? conclude_cliff(result.stages, flushes_take_time)
                                                 : conclude_cleanup_of(result));
  }
  const Stage* del_first = last_stage_of(results, "del, empty_cache");
  const Stage* empty_cache_first = last_stage_of(results, "empty_cache, del");
  if (del_first != nullptr && empty_cache_first != nullptr) {
    sentences.push_back(conclude_order(*del_first, *empty_cache_first));
  }
  for (std::string& sentence : sentences) sentence += ".";
  return sentences;
}

}  // namespace memsweep
