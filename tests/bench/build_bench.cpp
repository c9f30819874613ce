// Time from options to a schedule: building the forward pass, differentiating it, recomputation in segments
// of sqrt(layers), the optimizer, verification, and the schedule. Goal: below 10 ms for 100 layers, and
// linear up to 10,000: `per_layer` stays level and the fit of BigO is good.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "harness/program/schedule.h"
#include "scenarios/training_step.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

void build(benchmark::State& state, const std::string& optimizer) {
  TrainingOptions options;
  options.model.spec = fmt::format("mlp:64-64x{}-10", state.range(0));
  options.optimizer = optimizer;
  for (auto _ : state) {
    TrainingStep step = parse_training_step(options);
    step.recompute = "sqrt";
    const Schedule schedule(step(32));
    benchmark::DoNotOptimize(schedule.later_steps.data());
  }
  state.SetComplexityN(state.range(0));
  state.counters["per_layer"] =
      benchmark::Counter(static_cast<double>(state.range(0)),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void layers(benchmark::internal::Benchmark* bench) {
  bench->ArgName("layers")->RangeMultiplier(10)->Range(10, 10'000)->Unit(benchmark::kMillisecond);
  bench->Complexity(benchmark::oN);
}

BENCHMARK_CAPTURE(build, sgd, "sgd")->Apply(layers);
BENCHMARK_CAPTURE(build, adamw, "adamw")->Apply(layers);

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) { return memsweep::run_benchmarks_as_table(argc, argv); }
