#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/followed.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/run_context.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

using Chosen = std::vector<const Scenario*>;

/// Each once, however often it is named.
Chosen chosen_scenarios(const RunOptions& options) {
  Chosen chosen;
  const auto choose = [&](const Scenario& scenario) {
    if (std::find(chosen.begin(), chosen.end(), &scenario) == chosen.end()) chosen.push_back(&scenario);
  };
  for (const std::string& name : options.scenarios) {
    if (name == "all") {
      for (const Scenario& scenario : scenarios()) choose(scenario);
    } else {
      choose(find_scenario(name));
    }
  }
  return chosen;
}

void expect_sense(const RunOptions& options, const Chosen& chosen) {
  if (options.scan && !options.batches.empty()) {
    throw UsageError(
        "--scan looks around a boundary, and --batches searches for none; leave one of them out");
  }
  if (chosen.size() > 1 && !options.csv.empty()) {
    throw UsageError(fmt::format("--csv names one file for {} scenarios; each needs its own", chosen.size()));
  }
  for (const std::string& option : options.given) {
    const bool followed = std::any_of(chosen.begin(), chosen.end(),
                                      [&](const Scenario* scenario) { return follows(*scenario, option); });
    if (followed) continue;
    throw UsageError(
        fmt::format("{} has no use for {}; leave it out, of the environment and a config file too",
                    chosen.front()->name, option));
  }
}

/// On options that other scenarios of the same command follow.
void remark_unfollowed(const RunOptions& options, const Scenario& scenario) {
  std::vector<std::string> unfollowed;
  for (const std::string& option : options.given) {
    if (!follows(scenario, option)) unfollowed.push_back(option);
  }
  if (!unfollowed.empty())
    remark(fmt::format("{} has no use for {}", scenario.name, fmt::join(unfollowed, ", ")));
}

fs::path csv_path(const RunOptions& options, const Device& device, const Scenario& scenario) {
  if (!options.csv.empty()) return options.csv;
  std::string folder = device.name();
  std::replace(folder.begin(), folder.end(), ':', '-');
  return fs::path("results") / folder / fmt::format("{}.csv", scenario.name);
}

}  // namespace

int run_scenarios(const RunOptions& options) {
  const auto chosen = chosen_scenarios(options);
  expect_sense(options, chosen);
  TrialOptions trial_options = trial_options_of(options);
  trial_options.interrupted = interrupt_requested;
  const Workplace workplace(options.device, options.isolation, interrupt_requested);
  const Progress progress(options.quiet);
  const RunContext context{options, trial_options, workplace, progress};
  std::vector<Job> jobs;  // refused, if they are to be, before anything is said or done
  for (const Scenario* scenario : chosen) {
    jobs.push_back(has_experiments(*scenario) ? experiment_job(context, *scenario)
                                              : training_job(context, *scenario));
  }
  if (!options.quiet) {
    for (const std::string& warning : trial_options.settings.warnings) remark("allocator setting " + warning);
    if (!workplace.remark().empty()) remark(workplace.remark());
    for (const Scenario* scenario : chosen) remark_unfollowed(options, *scenario);
  }
  catch_interrupts();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const fs::path csv = csv_path(options, workplace.device(), *chosen[i]);
    try {
      jobs[i](csv);
    } catch (const Interrupted&) {
      progress.clear();
      remark(fmt::format("interrupted; what was measured is in {}, and the same command{} goes on from there",
                         csv.string(), options.fresh ? " without --fresh" : ""));
      return 130;
    }
  }
  return 0;
}

}  // namespace memsweep
