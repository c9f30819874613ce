// Cost of the simulated device for the default model and two others: of one trial, with and without building
// its program, and of a whole prediction. It decides how fast a sweep on sim is, and how soon one on another
// device starts. CPU is that of all threads.
#include <benchmark/benchmark.h>

#include <string>

#include "harness/base/bytes.h"
#include "harness/device/device.h"
#include "harness/sweep/predict.h"
#include "scenarios/training_step.h"
#include "scenarios/variants.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

Variant variant(const std::string& recompute) {
  TrainingStep step = parse_training_step({});
  step.recompute = recompute;
  return {recompute, step};
}

/// As memsweep asks by default: three steps that must survive and three that would be timed.
TrialOptions trial_options() {
  TrialOptions options;
  options.timing.emplace();
  return options;
}

void build_and_schedule(benchmark::State& state, const std::string& recompute) {
  const Variant subject = variant(recompute);
  for (auto _ : state) {
    const Schedule schedule(subject.program(state.range(0)));
    benchmark::DoNotOptimize(schedule.later_steps.data());
  }
}

void trial(benchmark::State& state, const std::string& recompute, const std::string& profile) {
  const Schedule schedule(variant(recompute).program(state.range(0)));
  for (auto _ : state) {
    const auto device = make_sim(find_profile(profile));
    const TrialResult result = run_trial(*device, device->memory(), schedule, trial_options());
    if (result.outcome != Outcome::ok) state.SkipWithError("does not fit");
  }
}

void prediction(benchmark::State& state, const std::string& recompute, const Profile& profile) {
  const Variant subject = variant(recompute);
  for (auto _ : state) {
    const Prediction found = predict(subject, profile, trial_options());
    state.counters["batch"] = static_cast<double>(found.largest);
  }
}

BENCHMARK_CAPTURE(build_and_schedule, none, "none")->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(build_and_schedule, sqrt, "sqrt")->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(trial, none_cpu, "none", "cpu")->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(trial, sqrt_cpu, "sqrt", "cpu")->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(trial, sqrt_h100, "sqrt", "h100-sxm-80gb")->Arg(1024)->Unit(benchmark::kMicrosecond);
/// So small that every batch that may fit is tried.
Profile small_cpu() {
  Profile profile = find_profile("cpu");
  profile.memory_bytes = 28_MiB;
  return profile;
}

BENCHMARK_CAPTURE(prediction, none_cpu, "none", find_profile("cpu"))
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prediction, sqrt_cpu, "sqrt", find_profile("cpu"))
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prediction, sqrt_h100, "sqrt", find_profile("h100-sxm-80gb"))
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prediction, none_walked, "none", small_cpu())
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void prediction_of(benchmark::State& state, const std::string& model) {
  TrainingOptions options;
  options.model.spec = model;
  options.optimizer = "adamw";
  const Variant subject = variant_of(model, options);
  for (auto _ : state) {
    const Prediction found = predict(subject, find_profile("h100-sxm-80gb"), trial_options());
    state.counters["batch"] = static_cast<double>(found.largest);
  }
}

BENCHMARK_CAPTURE(prediction_of, wide_mlp, "mlp:784-4096-4096-10")
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prediction_of, gpt2_small, "gpt2-small")
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) { return memsweep::run_benchmarks_as_table(argc, argv); }
