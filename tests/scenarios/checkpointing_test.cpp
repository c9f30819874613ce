// The main job's promises: recomputation changes no bit of training, simulation and reality take the same
// bytes, boundaries are those of a walk over every batch, and no failure leaves anything behind.

#include <map>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/failing.h"
#include "harness/sweep/boundary.h"
#include "harness/sweep/predict.h"
#include "scenarios/scenario.h"

namespace memsweep {
namespace {

TrainingOptions small_model(const std::string& activation = "gelu", const std::string& optimizer = "sgd") {
  TrainingOptions options;
  options.model.spec = "mlp:24-32x9-7";
  options.model.activation = activation;
  options.optimizer = optimizer;
  options.randomness.seed = 5;
  return options;
}

std::vector<Variant> variants_of(TrainingOptions options) {
  if (options.recompute.empty())
    options.recompute = {"none", "every:1", "every:2", "sqrt", "segments:2", "segments:4"};
  return find_scenario("checkpointing").variants(options);
}

TrialResult run(Device& device, const Variant& variant, std::int64_t batch,
                const TrialOptions& options = {}) {
  const Schedule schedule(variant.program(batch));
  return run_trial(device, device.memory(), schedule, options);
}

// Recomputation and training ----------------------------------------------------------------------

TEST(Checkpointing, ChangesNoBitOfLossesGradientsAndWeights) {
  const auto device = make_cpu(64_MiB);
  for (const char* activation : {"relu", "relu_inplace", "gelu", "gelu_tanh", "tanh", "silu", "sigmoid"}) {
    for (bool norm : {false, true}) {
      for (double dropout : {0.0, 0.3}) {
        TrainingOptions options = small_model(activation, "adamw");
        options.model.layer_norm = norm;
        options.model.dropout = dropout;
        std::set<std::uint64_t> hashes;
        const bool overwrites = options.model.activation == "relu_inplace" && !norm;
        if (!overwrites) options.recompute = {"none", "selective"};
        auto variants = variants_of(options);
        options.recompute.clear();
        for (const bool reentrant : {false, true}) {
          options.reentrant = reentrant;
          for (Variant& variant : variants_of(options)) variants.push_back(std::move(variant));
        }
        for (const Variant& variant : variants) hashes.insert(*run(*device, variant, 33).result_hash);
        EXPECT_EQ(hashes.size(), 1u) << activation << " norm " << norm << " dropout " << dropout;
      }
    }
  }
}

TEST(Checkpointing, HashesWhatTrainingComputes) {
  const auto device = make_cpu(64_MiB);
  TrainingOptions options = small_model();
  const auto hash = [&] { return *run(*device, variants_of(options)[0], 33).result_hash; };
  const std::uint64_t first = hash();
  EXPECT_EQ(hash(), first);
  options.randomness.seed = 6;
  EXPECT_NE(hash(), first) << "another seed is another training";
  options = small_model("gelu", "sgd:lr=0.02");
  EXPECT_NE(hash(), first) << "another learning rate is another training";
}

TEST(Checkpointing, TakesLessForActivationsAndMoreTime) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const auto variants = variants_of(small_model());
  TrialOptions timed;
  timed.timing = StopRule{};
  const TrialResult plain = run(*device, variants[0], 100'000, timed);
  const TrialResult sqrt = run(*device, variants[3], 100'000, timed);
  const auto activations = [](const TrialResult& r) {
    return r.by_category[static_cast<std::size_t>(Category::activation)];
  };
  EXPECT_LT(activations(sqrt), activations(plain) / 2);
  EXPECT_GT(sqrt.step_seconds.median, plain.step_seconds.median);
}

// Simulation and reality --------------------------------------------------------------------------

using Bytes = std::tuple<Outcome, Phase, std::int64_t, std::size_t, std::size_t, std::size_t, std::size_t,
                         BytesByCategory, std::int64_t, std::size_t>;

Bytes bytes_of(const TrialResult& r) {
  return {r.outcome,       r.phase,       r.phase_step,  r.peak.requested, r.peak.allocated,
          r.peak.reserved, r.peak.device, r.by_category, r.alloc_retries,  r.refused_bytes};
}

TEST(CpuAndSim, AgreeOnAShortageThatShowsLate) {
  // Memory settles late here: some batches survive six steps and run out in the seventh.
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 8_MiB;
  TrainingOptions options = small_model("relu", "adamw");
  options.model.spec = "mlp:64-64x8-10";
  options.recompute = {"sqrt"};
  const Variant variant = variants_of(options)[0];
  const auto cpu = make_cpu(profile.memory_bytes);
  const auto sim = make_sim(profile);
  std::set<std::int64_t> last_steps;
  for (std::int64_t batch = 4020; batch <= 4070; batch += 5) {
    TrialOptions timed;
    timed.timing = StopRule{};
    timed.timing->min_samples = 1 + static_cast<std::size_t>(batch) % 7;
    const TrialResult real = run(*cpu, variant, batch, timed);
    EXPECT_EQ(bytes_of(real), bytes_of(run(*sim, variant, batch))) << batch;
    if (real.outcome == Outcome::oom) last_steps.insert(real.phase_step);
  }
  EXPECT_GT(*last_steps.rbegin(), 3);
}

TEST(CpuAndSim, TakeTheSameBytesAtEveryLevel) {
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 24_MiB;
  const auto cpu = make_cpu(profile.memory_bytes);
  const auto sim = make_sim(profile);
  std::mt19937 random(3);
  std::map<Outcome, int> seen;
  for (int i = 0; i < 40; ++i) {
    TrainingOptions options =
        small_model(random() % 2 == 0 ? "relu" : "silu", random() % 2 == 0 ? "momentum" : "adamw");
    options.model.spec = fmt::format("mlp:{}-{}x{}-{}", 1 + random() % 100, 1 + random() % 150,
                                     4 + random() % 6, 1 + random() % 20);
    options.model.dropout = random() % 2 == 0 ? 0 : 0.1;
    const auto variants = variants_of(options);
    const Variant& variant = variants[random() % variants.size()];
    const auto batch = static_cast<std::int64_t>(1 + random() % 5000);
    TrialOptions trial;
    trial.release = random() % 2 == 0 ? PytorchRelease::v2_11 : PytorchRelease::v2_15;
    const TrialResult real = run(*cpu, variant, batch, trial), simulated = run(*sim, variant, batch, trial);
    EXPECT_EQ(bytes_of(real), bytes_of(simulated))
        << options.model.spec << " " << variant.label << " batch " << batch;
    ++seen[real.outcome];
  }
  EXPECT_GT(seen[Outcome::ok], 5);
  EXPECT_GT(seen[Outcome::oom], 5);
}

// Boundaries --------------------------------------------------------------------------------------

TEST(Boundary, IsThatOfAWalkOverEveryBatch) {
  const std::pair<const char*, std::size_t> kCases[] = {{"sgd", 24_MiB}, {"adamw", 34_MiB}};
  for (const auto& [optimizer, memory] : kCases) {
    Profile profile = find_profile("cpu");
    profile.memory_bytes = memory;
    TrainingOptions options = small_model("relu", optimizer);
    options.model.spec = "mlp:512-512x8-100";
    for (const Variant& variant : variants_of(options)) {
      const Prediction predicted = predict(variant, profile, {});
      std::int64_t largest = 0, smallest = 0;
      for (std::int64_t batch = 1; batch <= predicted.largest + 200; ++batch) {
        const bool fits = fits_on_sim(variant, batch, profile, {});
        if (fits) largest = batch;
        if (!fits && smallest == 0) smallest = batch;
      }
      EXPECT_EQ(predicted.largest, largest) << optimizer << " " << variant.label;
      EXPECT_EQ(predicted.smallest, smallest);
      EXPECT_EQ(predicted.holes.empty(), smallest == largest + 1) << predicted.holes;
    }
  }
}

TEST(Boundary, TakesAtMostFourTrialsInTheMedian) {
  std::mt19937 random(11);
  std::vector<std::size_t> trials;
  while (trials.size() < 7) {
    Profile profile = find_profile("cpu");
    profile.memory_bytes = (16 + random() % 24) * 1_MiB;
    TrainingOptions options = small_model("relu", random() % 2 == 0 ? "sgd" : "adamw");
    options.model.spec =
        fmt::format("mlp:{}-{}x{}-10", 16 + random() % 300, 64 + random() % 256, 4 + random() % 8);
    const auto variants = variants_of(options);
    const Variant& variant = variants[random() % variants.size()];
    if (!fits_on_sim(variant, 1, profile, {})) continue;
    const auto device = make_cpu(profile.memory_bytes);
    const Prediction predicted = predict(variant, profile, {});
    if (predicted.largest > 1500) continue;  // seconds of arithmetic that say nothing more
    const Boundary found = confirm(
        predicted, [&](std::int64_t batch) { return run(*device, variant, batch).outcome == Outcome::ok; });
    trials.push_back(found.probes.size());
  }
  std::sort(trials.begin(), trials.end());
  EXPECT_LE(trials[trials.size() / 2], 4u);
}

TEST(SmallestMemory, IsNotThereForWhatNoDeviceHolds) {
  TrainingOptions options;
  options.model.spec = "mlp:16000000-16000000-10";
  options.recompute = {"none"};
  const Variant variant = variants_of(options)[0];
  EXPECT_FALSE(smallest_memory(variant, 1, find_profile("cpu"), {}).has_value());
}

TEST(SmallestMemory, RunsAndTwoMebibytesLessDoNot) {
  const Variant variant = variants_of(small_model("relu", "adamw"))[0];
  Profile profile = find_profile("cpu");
  profile.memory_bytes = smallest_memory(variant, 5000, profile, {}).value();
  EXPECT_TRUE(fits_on_sim(variant, 5000, profile, {}));
  profile.memory_bytes -= 2_MiB;
  EXPECT_FALSE(fits_on_sim(variant, 5000, profile, {}));
}

// Failures ----------------------------------------------------------------------------------------

/// Refuses the n-th request and, if told so, all after it.
class FailingAllocator final : public Allocator {
 public:
  FailingAllocator(Allocator& upstream, std::size_t nth, bool for_ever)
      : upstream_(upstream), nth_(nth), for_ever_(for_ever) {}

  Address allocate(std::size_t bytes, Stream stream) override {
    const std::size_t call = calls_++;
    if (call == nth_ || (for_ever_ && call > nth_)) {
      OutOfMemory refused;
      refused.requested = refused.rounded = refused.tried = bytes;
      throw refused;
    }
    return upstream_.allocate(bytes, stream);
  }
  void free(Address address) override { upstream_.free(address); }
  void record_stream(Address address, Stream stream) override { upstream_.record_stream(address, stream); }
  void empty_cache() override { upstream_.empty_cache(); }
  void reset_peaks() noexcept override { upstream_.reset_peaks(); }
  std::size_t block_bytes(Address address) const override { return upstream_.block_bytes(address); }
  const Statistics& statistics() const noexcept override { return upstream_.statistics(); }
  std::vector<SegmentSnapshot> snapshot() const override { return upstream_.snapshot(); }

  [[nodiscard]] std::size_t calls() const { return calls_; }

 private:
  Allocator& upstream_;
  std::size_t nth_;
  bool for_ever_;
  std::size_t calls_ = 0;
};

class Faults : public ::testing::TestWithParam<bool> {
 protected:
  /// A model whose step takes segments of every kind, in some steps after the first.
  static Schedule step(const char* model, std::int64_t batch) {
    TrainingOptions options = small_model("gelu", "adamw");
    options.model.spec = model;
    options.model.dropout = 0.1;
    options.recompute = {"every:2"};
    return Schedule(variants_of(options)[0].program(batch));
  }

  static std::unique_ptr<Device> device() {
    return GetParam() ? make_cpu(128_MiB) : make_sim(find_profile("cpu"));
  }
};

TEST_P(Faults, OfAnySegmentLeaveNothingAndTheNextRunIsTheSame) {
  const Schedule schedule = step("mlp:300-300x5-40", 900);
  const auto device = Faults::device();
  const TrialResult sound = run_trial(*device, device->memory(), schedule, {});
  ASSERT_EQ(sound.outcome, Outcome::ok);
  for (const auto mode : {FailingSource::Mode::once, FailingSource::Mode::for_ever}) {
    std::size_t survived = 0, refused = 0;
    for (std::size_t n = 0;; ++n) {
      FailingSource source(device->memory(), n, mode);
      const TrialResult result = run_trial(*device, source, schedule, {});
      if (source.failures() == 0) break;
      EXPECT_EQ(device->memory().info().used, 0u);
      ASSERT_NE(result.outcome, Outcome::error) << result.message;
      ++(result.outcome == Outcome::ok ? survived : refused);
      if (result.outcome == Outcome::ok) {
        EXPECT_EQ(result.result_hash, sound.result_hash);
      } else {
        EXPECT_GT(result.refused_bytes, 0u);
      }
    }
    EXPECT_GT(survived + refused, 5u);
    // Once: cached segments are given back and the step goes on. For ever: it cannot.
    EXPECT_GT(mode == FailingSource::Mode::once ? survived : refused, 0u);
  }
  EXPECT_EQ(run_trial(*device, device->memory(), schedule, {}).result_hash, sound.result_hash);
}

TEST_P(Faults, OfAnyBufferLeaveNothing) {
  const Schedule schedule = step("mlp:30-30x4-4", 9);
  const auto device = Faults::device();
  for (bool for_ever : {false, true}) {
    std::size_t n = 0;
    for (Outcome outcome = Outcome::oom; outcome == Outcome::oom; ++n) {
      CachingAllocator allocator(device->memory());
      FailingAllocator failing(allocator, n, for_ever);
      outcome = run_steps(*device, failing, schedule, {}).outcome;
      EXPECT_EQ(outcome, failing.calls() > n ? Outcome::oom : Outcome::ok);
      EXPECT_EQ(allocator.statistics().allocated_bytes.all.current, 0);
      allocator.check();
      allocator.empty_cache();
      EXPECT_EQ(device->memory().info().used, 0u);
    }
    EXPECT_GT(n, 100u);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Faults, ::testing::Bool(),
                         [](const auto& one) { return one.param ? std::string("cpu") : std::string("sim"); });

/// Never gives anything back.
class LeakingSource final : public SegmentSource {
 public:
  explicit LeakingSource(SegmentSource& upstream) : upstream_(upstream) {}
  Address allocate(std::size_t bytes) noexcept override { return upstream_.allocate(bytes); }
  void release(Address, std::size_t) noexcept override {}
  Info info() const noexcept override { return upstream_.info(); }

 private:
  SegmentSource& upstream_;
};

TEST(Trial, IsAnErrorIfItLeavesMemoryTaken) {
  const auto device = make_sim(find_profile("cpu"));
  LeakingSource leaking(device->memory());
  const Schedule schedule(variants_of(small_model())[0].program(8));
  const TrialResult result = run_trial(*device, leaking, schedule, {});
  EXPECT_EQ(result.outcome, Outcome::error);
  EXPECT_NE(result.message.find("after it"), std::string::npos);
}

TEST(Trial, SaysWhatItsPeakWasMadeOf) {
  const auto device = make_sim(find_profile("h100-sxm-80gb"));
  const TrialResult result = run(*device, variants_of(small_model())[0], 100'000);
  std::size_t sum = 0;
  for (std::size_t bytes : result.by_category) sum += bytes;
  EXPECT_EQ(sum, result.peak.allocated);
  EXPECT_LE(result.peak.requested, result.peak.allocated);
  EXPECT_LE(result.peak.allocated, result.peak.reserved);
  EXPECT_EQ(result.peak.device, result.peak.reserved + device->profile().context_bytes);
}

TEST(Trial, StopsWhenAskedTo) {
  const auto device = make_sim(find_profile("cpu"));
  TrialOptions options;
  options.interrupted = [] { return true; };
  EXPECT_THROW(static_cast<void>(run(*device, variants_of(small_model())[0], 8, options)), Interrupted);
  EXPECT_EQ(device->memory().info().used, 0u);
}

}  // namespace
}  // namespace memsweep
