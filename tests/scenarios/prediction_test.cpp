// What makes predictions quick must not change them: trials that end with their verdict, and requests that
// are counted without an allocator.

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/sweep/request_counter.h"
#include "harness/sweep/trial.h"
#include "scenarios/variants.h"

namespace memsweep {
namespace {

class RandomTrials {
 public:
  Variant variant() {
    TrainingOptions options;
    options.model.spec =
        between(0, 2) == 0
            ? fmt::format("gpt:layers={},width=64,heads=4,context=64,length=64,vocab=500", between(1, 4))
            : fmt::format("mlp:{}-{}x{}-10", between(16, 600), between(64, 900), between(2, 9));
    options.optimizer = one_of({"sgd", "momentum", "adamw", "radam"});
    options.recompute = {one_of({"none", "every:1", "sqrt"})};
    return variant_of("", options);
  }

  std::int64_t batch() { return between(1, 3000); }

  /// With a little less or more memory than a trial reserves, or with plenty.
  Profile device_for(const Schedule& schedule) {
    Profile profile = find_profile(one_of({"cpu", "h100-sxm-80gb"}));
    profile.memory_bytes = std::size_t{1} << 40;
    const auto device = make_sim(profile);
    const auto taken =
        static_cast<std::int64_t>(run_trial(*device, device->memory(), schedule, {}).peak.device);
    const std::int64_t spare = between(0, 1) == 0 ? 2048 : between(-40, 40);
    const auto least = static_cast<std::int64_t>(profile.context_bytes + 4_MiB);
    profile.memory_bytes = static_cast<std::size_t>(std::max(least, taken + spare * std::int64_t{1_MiB}));
    return profile;
  }

  std::string settings() {
    return one_of({"", "", "", "expandable_segments:True", "garbage_collection_threshold:0.8",
                   "per_process_memory_fraction:0.9", "backend:cudaMallocAsync"});
  }

 private:
  int between(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  std::string one_of(std::initializer_list<const char*> names) {
    return names.begin()[between(0, static_cast<int>(names.size()) - 1)];
  }

  std::mt19937 random_{5};
};

TEST(OnlyVerdict, IsThatOfTheWholeTrial) {
  RandomTrials random;
  int shorter = 0, ooms = 0;
  for (int i = 0; i < 150; ++i) {
    const Variant variant = random.variant();
    const std::int64_t batch = random.batch();
    const Schedule schedule(variant.program(batch));
    const Profile profile = random.device_for(schedule);
    TrialOptions options;
    options.settings = parse_settings(random.settings(), options.release);
    const auto result = [&] {
      const auto device = make_sim(profile);
      return run_trial(*device, device->memory(), schedule, options);
    };
    const TrialResult whole = result();
    options.only_verdict = true;
    const TrialResult early = result();
    EXPECT_EQ(std::tuple(early.outcome, early.verdict, early.peak.requested, early.refused_bytes),
              std::tuple(whole.outcome, whole.verdict, whole.peak.requested, whole.refused_bytes))
        << print(schedule.program).substr(0, 400) << " batch " << batch;
    if (early.steps < whole.steps) ++shorter;
    if (whole.outcome == Outcome::oom) ++ooms;
  }
  EXPECT_GT(shorter, 10);
  EXPECT_GT(ooms, 10);
}

TEST(RequestCounter, CountsTheRequestsThatAnAllocatorServes) {
  RandomTrials random;
  for (int i = 0; i < 20; ++i) {
    const Schedule schedule(random.variant().program(33));
    const auto device = make_sim(find_profile("h100-sxm-80gb"));
    RequestCounter counter;
    EXPECT_EQ(run_steps(*device, counter, schedule, {}).peak.requested,
              run_trial(*device, device->memory(), schedule, {}).peak.requested);
  }
}

}  // namespace
}  // namespace memsweep
