#include "harness/sweep/predict.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "harness/memory/sources/granule.h"
#include "harness/sweep/request_counter.h"

namespace memsweep {
namespace {

/// Where activations are nearly all that a program asks for.
constexpr std::int64_t kHuge = std::int64_t{1} << 20;

TrialResult simulate(const Schedule& schedule, const Profile& profile, TrialOptions options) {
  options.timing.reset();
  options.only_verdict = true;
  const auto device = make_untimed_sim(profile);
  return run_trial(*device, device->memory(), schedule, options);
}

/// The most bytes that the first two steps request, whatever the device. Grows with the batch, which what
/// libraries borrow does not.
std::size_t requested_peak(const Schedule& schedule, TrialOptions options) {
  options.timing.reset();
  options.least_steps = options.most_steps = 2;
  const auto device = make_untimed_sim(find_profile("cpu"));
  RequestCounter counter;
  return run_steps(*device, counter, schedule, options).peak.requested;
}

struct Peak {
  std::int64_t batch;
  std::size_t bytes;
};

/// Where a straight line through two peaks leaves the device; 1 if nowhere that is looked for.
std::int64_t full_at(Peak a, Peak b, std::size_t capacity) {
  const double bytes = static_cast<double>(b.bytes) - static_cast<double>(a.bytes);
  const double sample = bytes / static_cast<double>(b.batch - a.batch);
  const double batch =
      static_cast<double>(a.batch) + (static_cast<double>(capacity) - static_cast<double>(a.bytes)) / sample;
  return batch >= 1 && batch < kLargestBatch ? static_cast<std::int64_t>(batch) : 1;
}

/// The batches that were tried, and whether they fit.
using Tried = std::map<std::int64_t, bool>;

/// Runs of neighbours below the largest batch that fits which do not. `largest` has been tried, and fits.
std::string describe_holes(const Tried& tried, std::int64_t largest) {
  std::string text;
  for (auto at = tried.begin(); at != tried.end() && at->first < largest; ++at) {
    if (at->second) continue;
    const std::int64_t first = at->first;
    while (!std::next(at)->second) ++at;
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

bool runs_freely_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                        const TrialOptions& options) {
  return simulate(Schedule(variant.program(batch)), profile, options).verdict == Verdict::fits;
}

bool fits_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                 const TrialOptions& options) {
  return simulate(Schedule(variant.program(batch)), profile, options).outcome == Outcome::ok;
}

namespace {

/// Between neighbours that differ, finds where they do.
template <typename Fits>
void bisect(Tried& tried, const Fits& fits) {
  for (auto at = tried.begin(); std::next(at) != tried.end();) {
    const auto [low, low_fits] = *at;
    const auto [high, high_fits] = *std::next(at);
    if (low_fits == high_fits || high - low == 1) {
      ++at;
    } else {
      const std::int64_t middle = low + (high - low) / 2;
      tried.emplace(middle, fits(middle));
    }
  }
}

/// On all cores: simulations have nothing in common. `fits` is called from several threads at once.
template <typename Fits>
void try_range(Tried& tried, std::int64_t first, std::int64_t last, std::int64_t stride, const Fits& fits) {
  std::atomic<std::int64_t> next = first;
  const auto work = [&] {
    Tried mine;
    for (auto batch = next.fetch_add(stride); batch <= last; batch = next.fetch_add(stride)) {
      mine.emplace(batch, fits(batch));
    }
    return mine;
  };
  std::vector<std::future<Tried>> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) {
    others.push_back(std::async(std::launch::async, work));
  }
  tried.merge(work());
  for (auto& other : others) tried.merge(other.get());
  bisect(tried, fits);
}

/// Powers of two from the guess on, down to the first that fits and up to the first that does not, and then
/// between the two: where several boundaries are, the one that is found does not depend on the guess.
template <typename Fits>
Tried search(std::int64_t guess, const Fits& fits) {
  Tried tried;
  const auto try_batch = [&](std::int64_t batch) { return tried.emplace(batch, fits(batch)).first->second; };
  auto batch = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(guess)));
  if (try_batch(batch)) {
    while (batch < kLargestBatch && try_batch(2 * batch)) batch *= 2;
  } else {
    while (batch > 1 && !try_batch(batch / 2)) batch /= 2;
  }
  bisect(tried, fits);
  return tried;
}

}  // namespace

Prediction predict(const Variant& variant, const Profile& profile, const TrialOptions& options, bool scan) {
  const auto fits = [&](std::int64_t batch) { return fits_on_sim(variant, batch, profile, options); };
  const std::size_t capacity = profile.memory_bytes - profile.context_bytes;
  const Schedule huge(variant.program(kHuge));
  const std::int64_t walk =
      std::min(kWalk, kWalkedInstructions / static_cast<std::int64_t>(huge.program.step.size()));
  const auto peak = [&](std::int64_t batch) {
    return requested_peak(Schedule(variant.program(batch)), options);
  };
  const Peak behind_walk{walk + 1, peak(walk + 1)};
  const std::int64_t guess = full_at(behind_walk, {kHuge, requested_peak(huge, options)}, capacity);
  Tried tried;
  if (walk > 0 && behind_walk.bytes > capacity) {
    // Without room for what the program itself asks for, no allocator can serve it.
    const auto possible = [&](std::int64_t batch) { return peak(batch) <= capacity; };
    try_range(tried, 1, find_boundary(possible, guess, walk + 1).smallest, 1, fits);
    return summarize(tried, {});
  }
  tried = search(guess, fits);
  const Prediction found = summarize(tried, {});
  if (!scan || found.largest == 0 || found.smallest == 0) return found;
  constexpr std::int64_t kReach = 8, kPoints = 512;
  const std::int64_t reach = found.largest / kReach;
  tried = {{found.largest, true}, {found.smallest, false}};
  try_range(tried, std::max<std::int64_t>(1, found.largest - reach), found.largest + reach,
            std::max<std::int64_t>(1, 2 * reach / kPoints), fits);
  return summarize(tried, found);
}

Footprint footprint(const Variant& variant, std::int64_t batch, const Profile& profile,
                    const TrialOptions& options) {
  if (batch < 2) return {};
  const auto peak = [&](std::int64_t at) {
    const auto result = simulate(Schedule(variant.program(at)), profile, options);
    return static_cast<std::int64_t>(result.peak.requested);
  };
  const std::int64_t half = batch / 2, at_batch = peak(batch);
  const std::int64_t slope = std::max<std::int64_t>(0, (at_batch - peak(half)) / (batch - half));
  return {static_cast<std::size_t>(std::max<std::int64_t>(0, at_batch - slope * batch)),
          static_cast<std::size_t>(slope)};
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
