#include "scenarios/advise.h"

#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/cli/commands.h"
#include "harness/cli/run_context.h"
#include "harness/report/quantity.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

std::string names_of(const Advice& advice) {
  std::vector<std::string_view> names;
  for (const Remedy* remedy : advice.remedies) names.push_back(remedy->name);
  return names.empty() ? "as it is" : fmt::format("{}", fmt::join(names, " + "));
}

/// What training becomes: the farthest of what its remedies do.
std::string_view effect_of(const Advice& advice) {
  std::string_view effect = "same bits";
  for (const Remedy* remedy : advice.remedies) {
    if (effect == "same bits" || remedy->effect == "another optimizer") effect = remedy->effect;
  }
  return effect;
}

std::vector<std::string> cells(const Advice& advice, const Advice& base, std::int64_t batch) {
  return {names_of(advice),
          advice.fits ? "yes" : "no",
          format_bytes(advice.peak_bytes),
          format_duration(advice.step_seconds),
          fmt::format("{:.2f}x", advice.step_seconds / base.step_seconds),
          format_count(static_cast<double>(batch) / advice.step_seconds),
          fmt::format("{}", advice.largest),
          std::string(effect_of(advice))};
}

void print_counsel(const Counsel& counsel, std::int64_t batch) {
  std::vector<std::vector<std::string>> records{
      {"remedies", "fits", "device memory", "step", "time", "samples/s", "largest batch", "training"}};
  records.push_back(cells(counsel.as_it_is, counsel.as_it_is, batch));
  for (const Advice& advice : counsel.fitting) records.push_back(cells(advice, counsel.as_it_is, batch));
  fmt::print("{}\n", format_table(records));
  if (!counsel.fitting.empty()) {
    const Advice& best = counsel.fitting.front();
    fmt::print("{}: {}, at {:.2f} times the time of a step.\n",
               counsel.as_it_is.fits ? "Cheapest way to a larger batch" : "Cheapest way to make it fit",
               names_of(best), best.step_seconds / counsel.as_it_is.step_seconds);
  } else if (counsel.as_it_is.fits) {
    fmt::print("It fits as it is, and no remedy lets the batch grow.\n");
  } else {
    fmt::print("None of {} combinations makes batch {} fit; take a smaller batch or a larger device.\n",
               counsel.tried - 1, batch);
  }
}

}  // namespace

int advise(const CaseOptions& options) {
  const RunOptions& run = options.run;
  const OpenedDevice opened = open_device(run.device);
  const Profile& profile = opened.device->profile();
  const Counsel counsel = advise({run.training, options.batch, run.alloc_conf}, profile);
  fmt::print(
      "advise: {}, batch {}; {} with {}, allocator of PyTorch {}\nSimulated: bytes are counted, times are "
      "modelled.\n\n",
      describe(run.training), options.batch, opened.device->name(), format_bytes(profile.memory_bytes),
      run.pytorch);
  print_counsel(counsel, options.batch);
  return 0;
}

}  // namespace memsweep
