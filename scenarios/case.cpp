#include "scenarios/case.h"

#include <utility>

#include <fmt/format.h>

#include "scenarios/training_step.h"

namespace memsweep {

Profile profile_of(const Case& one) {
  constexpr int kA100 = 80;
  Profile profile = find_profile("h100-sxm-80gb");
  profile.compute_capability = one.compute_capability;
  profile.multiprocessors = {one.compute_capability == kA100 ? 108 : 132, 2048};
  profile.memory_bytes = one.capacity;
  profile.context_bytes = 0;
  return profile;
}

CaseProgram::CaseProgram(const Case& one) : case_(one) {
  TrainingStep step = parse_training_step(one.training);
  if (one.scaler) step.precision.scaler.emplace();
  build_ = std::move(step);
}

const Schedule& CaseProgram::operator()(std::int64_t step) {
  const auto& batches = case_.batches;
  const std::int64_t batch =
      batches.empty() ? case_.batch : batches[static_cast<std::size_t>(step - 1) % batches.size()];
  const auto known = by_batch_.find(batch);
  return known != by_batch_.end() ? known->second
                                  : by_batch_.emplace(batch, Schedule(build_(batch))).first->second;
}

CaseSearchResult search_case(const Case& one) {
  CaseSearchResult result;
  const auto fits = [&](std::int64_t batch) {
    Case at = one;
    at.batch = batch;
    const PhaseRun run = run_case(at, *make_sim(profile_of(one)));
    const bool ok = run.outcome == Outcome::ok;
    result.tried[batch] = ok ? "ok" : fmt::format("oom@{}.{}", run.at_failure.step, run.at_failure.phase);
    return ok;
  };
  const CaseSearch& search = one.search.value();
  if (search.start == 0) {
    for (std::int64_t batch = search.first; batch <= search.last; batch += search.stride) {
      if (fits(batch)) result.largest = batch;
    }
    return result;
  }
  std::int64_t smallest = search.start;
  while (fits(smallest)) {
    result.largest = smallest;
    smallest *= 2;
  }
  while (smallest - result.largest > 1) {
    const std::int64_t middle = result.largest + (smallest - result.largest) / 2;
    (fits(middle) ? result.largest : smallest) = middle;
  }
  return result;
}

PhaseRun run_case(const Case& one, Device& device, const std::function<bool()>& interrupted) {
  CaseProgram program(one);
  PhaseRunOptions options;
  options.release = one.training.release;
  options.settings = parse_settings(one.alloc_conf, options.release);
  options.steps = one.steps;
  options.micro_batches = one.training.loop.micro_batches;
  options.interrupted = interrupted;
  return run_phases(
      device, [&program](std::int64_t step) -> const Schedule& { return program(step); }, options);
}

}  // namespace memsweep
