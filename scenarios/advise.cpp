#include "scenarios/advise.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/errors.h"
#include "harness/memory/settings.h"
#include "harness/sweep/predict.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

constexpr std::string_view kSame = "same bits", kRounding = "other rounding",
                           kOptimizer = "another optimizer";
constexpr std::size_t kMostTogether = 3;
constexpr std::size_t kMostMeasured = 24;  // the quickest: of these the largest batch is looked for
constexpr std::size_t kMostShown = 12;

bool set(std::string& text, std::string_view value) {
  if (text == value) return false;
  text = value;
  return true;
}

template <const char* Policy>
bool recompute_by(Wish& wish) {
  if (!wish.training.recompute.empty() && wish.training.recompute.front() != "none") return false;
  wish.training.recompute = {Policy};
  return true;
}

template <const char* Name>
bool train_in(Wish& wish) {
  return wish.training.precision.name == "fp32" && set(wish.training.precision.name, Name);
}

template <int Factor>
bool accumulate_by(Wish& wish) {
  const int micro_batches = wish.training.loop.micro_batches * Factor;
  if (wish.batch < micro_batches) return false;
  wish.training.loop.micro_batches = micro_batches;
  return true;
}

template <const char* Name>
bool optimize_by(Wish& wish) {
  const std::string_view now = wish.training.optimizer;
  const bool adam = now.starts_with("adam") && !now.starts_with("adam8bit") && !now.starts_with("adamax");
  return adam && set(wish.training.optimizer, Name);
}

bool fuse_optimizer(Wish& wish) {
  std::string& text = wish.training.optimizer;
  if (text.find("implementation=") != std::string::npos) return false;
  const auto fused = text + (text.find(':') == std::string::npos ? ":" : ",") + "implementation=fused";
  try {
    static_cast<void>(parse_optimizer(fused));
  } catch (const UsageError&) {
    return false;  // it has none
  }
  text = fused;
  return true;
}

bool expand_segments(Wish& wish) {
  if (wish.alloc_conf.find("expandable_segments") != std::string::npos) return false;
  wish.alloc_conf += (wish.alloc_conf.empty() ? "" : ",") + std::string("expandable_segments:True");
  return true;
}

bool offload_activations(Wish& wish) {
  return wish.training.recompute.empty() && !std::exchange(wish.training.loop.offload, true);
}

bool fuse_layers(Wish& wish) { return !std::exchange(wish.training.loop.fuse, true); }

bool set_to_none(Wish& wish) { return !std::exchange(wish.training.loop.set_to_none, true); }

constexpr char kSqrt[] = "sqrt", kEvery[] = "every:1", kAutocast[] = "autocast-bf16", kBf16[] = "bf16",
               kSgd[] = "sgd", kAdafactor[] = "adafactor", kAdam8bit[] = "adam8bit";

constexpr std::array kRemedies{
    Remedy{"expandable_segments:True", "allocator", kSame, expand_segments},
    Remedy{"zero_grad(set_to_none=True)", "gradients", kSame, set_to_none},
    Remedy{"fused optimizer", "kernels", kRounding, fuse_optimizer},
    Remedy{"fused layers", "layers", kRounding, fuse_layers},
    Remedy{"recompute sqrt", "recomputation", kSame, recompute_by<kSqrt>},
    Remedy{"recompute every:1", "recomputation", kSame, recompute_by<kEvery>},
    Remedy{"offload", "recomputation", kSame, offload_activations},
    Remedy{"2 micro-batches", "accumulation", kRounding, accumulate_by<2>},
    Remedy{"4 micro-batches", "accumulation", kRounding, accumulate_by<4>},
    Remedy{"8 micro-batches", "accumulation", kRounding, accumulate_by<8>},
    Remedy{"autocast-bf16", "precision", kRounding, train_in<kAutocast>},
    Remedy{"bf16", "precision", kRounding, train_in<kBf16>},
    Remedy{"adam8bit", "optimizer", kOptimizer, optimize_by<kAdam8bit>},
    Remedy{"adafactor", "optimizer", kOptimizer, optimize_by<kAdafactor>},
    Remedy{"sgd", "optimizer", kOptimizer, optimize_by<kSgd>},
};

using Together = std::vector<const Remedy*>;

bool holds(const Together& larger, const Together& smaller) {
  return std::all_of(smaller.begin(), smaller.end(), [&](const Remedy* remedy) {
    return std::find(larger.begin(), larger.end(), remedy) != larger.end();
  });
}

/// The program of a whole batch, in the micro-batches of the loop.
Variant variant_of(const Wish& wish) {
  return {"",
          [step = parse_training_step(wish.training)](std::int64_t batch) { return step.of_whole(batch); }};
}

TrialOptions trial_options(const Wish& wish) {
  TrialOptions options;
  options.release = wish.training.release;
  options.settings = parse_settings(wish.alloc_conf, options.release);
  return options;
}

class Adviser {
 public:
  Adviser(const Wish& wish, const Profile& device) : wish_(wish), device_(device) {}

  Counsel run() && {
    counsel_.as_it_is = try_out({}).value();
    counsel_.as_it_is.largest = largest_batch({});
    const std::size_t most = counsel_.as_it_is.fits ? 2 : kMostTogether;
    for (std::size_t count = 1; count <= most; ++count) combine({}, 0, count);
    auto& fitting = counsel_.fitting;
    std::stable_sort(fitting.begin(), fitting.end(),
                     [](const Advice& a, const Advice& b) { return a.step_seconds < b.step_seconds; });
    if (fitting.size() > kMostMeasured) fitting.resize(kMostMeasured);
    for (Advice& advice : fitting) advice.largest = largest_batch(advice.remedies);
    if (counsel_.as_it_is.fits) keep_what_grows();
    if (fitting.size() > kMostShown) fitting.resize(kMostShown);
    return std::move(counsel_);
  }

 private:
  /// Where it fits as it is, only a larger batch is worth anything, and the slower the larger.
  void keep_what_grows() {
    std::int64_t largest = counsel_.as_it_is.largest;
    std::vector<Advice> growing;
    for (Advice& each : counsel_.fitting) {
      if (each.largest <= largest) continue;
      largest = each.largest;
      growing.push_back(std::move(each));
    }
    counsel_.fitting = std::move(growing);
  }

  void combine(Together chosen, std::size_t from, std::size_t count) {
    if (count == 0) {
      const auto known = [&](const Advice& fitting) { return holds(chosen, fitting.remedies); };
      if (!counsel_.as_it_is.fits && std::any_of(counsel_.fitting.begin(), counsel_.fitting.end(), known))
        return;
      if (const auto advice = try_out(chosen); advice && advice->fits) counsel_.fitting.push_back(*advice);
      return;
    }
    for (std::size_t i = from; i < kRemedies.size(); ++i) {
      const bool taken = std::any_of(chosen.begin(), chosen.end(),
                                     [&](const Remedy* other) { return other->kind == kRemedies[i].kind; });
      if (taken) continue;
      Together more = chosen;
      more.push_back(&kRemedies[i]);
      combine(std::move(more), i + 1, count - 1);
    }
  }

  /// Nothing where one of them changes nothing, or they cannot go together.
  [[nodiscard]] std::optional<Wish> with(const Together& remedies) const {
    Wish wish = wish_;
    for (const Remedy* remedy : remedies) {
      if (!remedy->apply(wish)) return std::nullopt;
    }
    return wish;
  }

  std::optional<Advice> try_out(const Together& remedies) {
    const auto wish = with(remedies);
    if (!wish) return std::nullopt;
    std::optional<Schedule> schedule;
    try {
      schedule.emplace(variant_of(*wish).program(wish->batch));
    } catch (const UsageError&) {
      if (remedies.empty()) throw;
      return std::nullopt;
    }
    ++counsel_.tried;
    TrialOptions options = trial_options(*wish);
    options.timing = StopRule{.min_samples = 1, .max_samples = 1};
    TrialResult result = simulate(*schedule, device_, options);
    Advice advice;
    advice.remedies = remedies;
    advice.fits = result.outcome == Outcome::ok;
    advice.refusal = result.message;
    if (!advice.fits) {
      Profile larger = device_;
      larger.memory_bytes = std::size_t{1} << 60;
      result = simulate(*schedule, larger, options);
    }
    advice.peak_bytes = result.peak.device;
    advice.step_seconds = result.step_seconds.median;
    return advice;
  }

  static TrialResult simulate(const Schedule& schedule, const Profile& profile, const TrialOptions& options) {
    const auto device = make_sim(profile);
    return run_trial(*device, device->memory(), schedule, options);
  }

  [[nodiscard]] std::int64_t largest_batch(const Together& remedies) const {
    const Wish wish = with(remedies).value();
    const Variant variant = variant_of(wish);
    const TrialOptions options = trial_options(wish);
    const auto fits = [&](std::int64_t batch) { return fits_on_sim(variant, batch, device_, options); };
    return find_boundary(fits, wish.batch, kLargestBatch).largest;
  }

  const Wish& wish_;
  const Profile& device_;
  Counsel counsel_;
};

}  // namespace

std::span<const Remedy> remedies() { return kRemedies; }

Counsel advise(const Wish& wish, const Profile& device) { return Adviser(wish, device).run(); }

}  // namespace memsweep
