#include "harness/sweep/predict.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace memsweep {
namespace {

constexpr std::size_t kGranule = 2U << 20;  // of device memory, bytes

/// As many steps as a timed trial takes at the least: a shortage may show in any of them.
TrialOptions untimed(TrialOptions options) {
  if (options.timing) options.certificate_steps += static_cast<std::int64_t>(options.timing->min_samples);
  options.timing.reset();
  return options;
}

TrialResult simulate(const Schedule& schedule, const Profile& profile, const TrialOptions& options) {
  const auto device = make_sim(profile);
  return run_trial(*device, device->memory(), schedule, untimed(options));
}

/// Without room for what the program itself asks for, no allocator can serve it. Grows with the batch,
/// which what libraries borrow does not.
bool certainly_too_large(const Variant& variant, std::int64_t batch, const Profile& profile,
                         const TrialOptions& options) {
  Profile boundless = profile;
  boundless.memory_bytes = std::size_t{1} << 60;
  boundless.compute_capability = 0;
  boundless.multiprocessors.count = 0;
  TrialOptions defaults = options;
  defaults.settings = {};
  const TrialResult result = simulate(Schedule(variant.program(batch)), boundless, defaults);
  return result.outcome != Outcome::ok ||
         result.peak.requested > profile.memory_bytes - profile.context_bytes;
}

/// The batches that were tried, and whether they fit.
using Tried = std::map<std::int64_t, bool>;

/// Runs of neighbours below the largest batch that fits which do not.
std::string describe_holes(const Tried& tried, std::int64_t largest) {
  std::string text;
  for (auto at = tried.begin(); at != tried.end() && at->first < largest; ++at) {
    if (at->second) continue;
    const std::int64_t first = at->first;
    while (!std::next(at)->second) ++at;  // ends at `largest`, which fits
    const std::int64_t last = at->first;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", first);
    if (last != first) text += fmt::format("-{}", last);
  }
  return text.empty() ? text : text + " do not fit";
}

Prediction summarize(const Tried& tried, Prediction prediction) {
  for (const auto& [batch, fit] : tried) {
    if (fit) {
      prediction.largest = std::max(prediction.largest, batch);
    } else if (prediction.smallest == 0 || batch < prediction.smallest) {
      prediction.smallest = batch;
    }
  }
  prediction.holes = describe_holes(tried, prediction.largest);
  return prediction;
}

}  // namespace

bool fits_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                 const TrialOptions& options) {
  return simulate(Schedule(variant.program(batch)), profile, options).outcome == Outcome::ok;
}

Prediction predict(const Variant& variant, const Profile& profile, const TrialOptions& options, bool scan) {
  const auto fits = [&](std::int64_t batch) { return fits_on_sim(variant, batch, profile, options); };
  const auto possible = [&](std::int64_t batch) {
    return !certainly_too_large(variant, batch, profile, options);
  };
  Tried tried;
  const auto try_all = [&](std::int64_t first, std::int64_t last, std::int64_t stride) {
    for (std::int64_t batch = first; batch <= last; batch += stride) tried.emplace(batch, fits(batch));
  };

  if (!possible(kWalk + 1)) {
    try_all(1, find_boundary(possible, 1, kWalk + 1).smallest, 1);
    return summarize(tried, {});
  }
  const Boundary found = find_boundary(fits, 1, kLargestBatch);
  const Prediction bisected{found.largest, found.smallest, {}};
  if (!scan) return bisected;
  constexpr std::int64_t kReach = 8, kPoints = 512;
  const std::int64_t reach = found.largest / kReach;
  try_all(found.largest - reach, found.largest + reach, std::max<std::int64_t>(1, 2 * reach / kPoints));
  return summarize(tried, bisected);
}

std::optional<std::size_t> smallest_memory(const Variant& variant, std::int64_t batch, const Profile& profile,
                                           const TrialOptions& options) {
  constexpr std::int64_t kMostGranules = std::int64_t{1} << 22;
  const Schedule schedule(variant.program(batch));
  const auto memory = [&](std::int64_t granules) {
    return profile.context_bytes + static_cast<std::size_t>(granules) * kGranule;
  };
  const auto too_small = [&](std::int64_t granules) {
    Profile smaller = profile;
    smaller.memory_bytes = memory(granules);
    return simulate(schedule, smaller, options).outcome != Outcome::ok;
  };
  const Boundary boundary = find_boundary(too_small, 1, kMostGranules);
  if (!boundary.found()) return std::nullopt;
  return memory(boundary.smallest);
}

}  // namespace memsweep
