#include "harness/sweep/predict.h"

#include <algorithm>

#include <fmt/format.h>

namespace memsweep {
namespace {

constexpr std::size_t kGranule = 2U << 20;  // of device memory

TrialOptions certificate_only(TrialOptions options) {
  options.timing.reset();
  return options;
}

bool survives(const Schedule& schedule, const Profile& profile, const TrialOptions& options) {
  const auto device = make_sim(profile);
  return run_trial(*device, device->memory(), schedule, certificate_only(options)).outcome == Outcome::ok;
}

/// Runs of values that break a rule, as text.
class Runs {
 public:
  void add(std::int64_t value) {
    if (count_ == 0) first_ = value;
    last_ = value;
    ++count_;
  }
  void end(std::string_view what) {
    if (count_ == 0) return;
    if (!text_.empty()) text_ += ", ";
    text_ += count_ == 1 ? fmt::format("{} {}", first_, what) : fmt::format("{}-{} {}", first_, last_, what);
    count_ = 0;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::int64_t first_ = 0, last_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

bool fits_on_sim(const Variant& variant, std::int64_t batch, const Profile& profile,
                 const TrialOptions& options) {
  return survives(Schedule(variant.program(batch)), profile, options);
}

Boundary predict_boundary(const Variant& variant, const Profile& profile, const TrialOptions& options) {
  return find_boundary([&](std::int64_t batch) { return fits_on_sim(variant, batch, profile, options); }, 1,
                       kLargestBatch);
}

std::string find_holes(const Variant& variant, std::int64_t largest, const Profile& profile,
                       const TrialOptions& options) {
  constexpr std::int64_t kPoints = 512;
  const std::int64_t reach = std::max<std::int64_t>(largest / 8, 32);
  const std::int64_t first = std::max<std::int64_t>(1, largest - reach), last = largest + reach;
  const std::int64_t stride = std::max<std::int64_t>(1, (last - first) / kPoints);
  Runs runs;
  for (std::int64_t batch = first; batch <= last; batch += stride) {
    const bool expected = batch <= largest;
    const auto what = expected ? "does not fit" : "fits";
    if (fits_on_sim(variant, batch, profile, options) != expected) {
      runs.add(batch);
    } else {
      runs.end(what);
    }
    if (batch + stride > last || (expected && batch + stride > largest)) runs.end(what);
  }
  return runs.text();
}

std::size_t smallest_memory(const Variant& variant, std::int64_t batch, const Profile& profile,
                            const TrialOptions& options) {
  const Schedule schedule(variant.program(batch));
  const auto too_small = [&](std::int64_t granules) {
    Profile smaller = profile;
    smaller.memory_bytes = smaller.context_bytes + static_cast<std::size_t>(granules) * kGranule;
    return !survives(schedule, smaller, options);
  };
  const Boundary boundary = find_boundary(too_small, 1, kLargestBatch);
  return profile.context_bytes + static_cast<std::size_t>(boundary.largest + 1) * kGranule;
}

}  // namespace memsweep
