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

CaseProgram::CaseProgram(const Case& one) : case_(one) { static_cast<void>((*this)(1)); }

CaseProgram::Size CaseProgram::size_of_step(std::int64_t step) const {
  const auto in_turn = [step](const std::vector<std::int64_t>& list, std::int64_t otherwise) {
    return list.empty() ? otherwise : list[static_cast<std::size_t>(step - 1) % list.size()];
  };
  return {in_turn(case_.batches, case_.batch), in_turn(case_.lengths, 0)};
}

Program CaseProgram::build(Size size) const {
  TrainingOptions options = case_.training;
  if (size.length != 0) options.model.spec += fmt::format(",length={}", size.length);
  options.model.release = options.release;
  TrainingStep step = parse_training_step(options);
  if (case_.scaler) step.precision.scaler.emplace();
  return step(size.batch);
}

const Schedule& CaseProgram::operator()(std::int64_t step) {
  const Size size = size_of_step(step);
  const auto known = by_size_.find(size);
  return known != by_size_.end() ? known->second
                                 : by_size_.emplace(size, Schedule(build(size))).first->second;
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
