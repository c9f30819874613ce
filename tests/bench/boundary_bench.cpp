// How many trials on a device the search for the largest batch takes, over 200 random pairs of a training
// step and a capacity: from a prediction, from a prediction for one percent more memory than there is, and
// by galloping and bisecting from batch 1. `ooms` is the mean number of trials that ran out of memory. The
// device is simulated too, so that only the search is measured; the time is that of all pairs, predictions
// included. Goal: a median of at most 4 trials from a prediction.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/sweep/boundary.h"
#include "harness/sweep/predict.h"
#include "scenarios/training_step.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

constexpr int kPairs = 200;

struct Pair {
  Variant variant;
  Profile device;
};

class RandomPairs {
 public:
  /// Batch 1 fits.
  Pair next() {
    for (;;) {
      Pair pair{variant(), find_profile("cpu")};
      pair.device.memory_bytes = static_cast<std::size_t>(std::exp2(between(26.0, 33.0)));  // 64 MiB to 8 GiB
      if (fits_on_sim(pair.variant, 1, pair.device, {})) return pair;
    }
  }

 private:
  Variant variant() {
    TrainingOptions options;
    const int input = between(16, 1024), width = between(32, 2048), hidden = between(2, 32);
    options.model.spec = fmt::format("mlp:{}-{}x{}-{}", input, width, hidden, between(2, 1000));
    options.optimizer = one_of({"sgd", "momentum", "adamw"});
    TrainingStep step = parse_training_step(options);
    step.recompute = one_of({"none", "every:1", "sqrt", "segments:2"});
    return {step.recompute, step};
  }

  int between(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  double between(double low, double high) { return std::uniform_real_distribution(low, high)(random_); }
  std::string one_of(const std::vector<std::string>& names) {
    return names[static_cast<std::size_t>(between(0, static_cast<int>(names.size()) - 1))];
  }

  std::mt19937_64 random_{1};
};

const std::vector<Pair>& pairs() {
  static const auto list = [] {
    RandomPairs random;
    std::vector<Pair> result;
    for (int i = 0; i < kPairs; ++i) result.push_back(random.next());
    return result;
  }();
  return list;
}

/// What a search starts from.
using Guess = Prediction (*)(const Pair&);

Prediction predicted(const Pair& pair) { return predict(pair.variant, pair.device, {}); }

Prediction predicted_for_more_memory(const Pair& pair) {
  Profile larger = pair.device;
  larger.memory_bytes += larger.memory_bytes / 100;
  return predict(pair.variant, larger, {});
}

Prediction one(const Pair&) { return {.largest = 1, .smallest = 0, .holes = {}}; }

/// As the command line searches.
std::vector<Probe> search(const Pair& pair, const Prediction& guess) {
  return confirm(guess, [&](std::int64_t batch) { return fits_on_sim(pair.variant, batch, pair.device, {}); })
      .probes;
}

void trials(benchmark::State& state, Guess guess) {
  std::vector<double> counts;
  double ooms = 0;
  for (auto _ : state) {
    for (const Pair& pair : pairs()) {
      const auto probes = search(pair, guess(pair));
      counts.push_back(static_cast<double>(probes.size()));
      ooms += static_cast<double>(std::ranges::count(probes, false, &Probe::fits));
    }
  }
  std::ranges::sort(counts);
  const auto quantile = [&](double q) { return counts[static_cast<std::size_t>(q * (kPairs - 1))]; };
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  state.counters = {{"min", quantile(0)}, {"median", quantile(0.5)}, {"p90", quantile(0.9)},
                    {"max", quantile(1)}, {"mean", sum / kPairs},    {"ooms", ooms / kPairs}};
}

BENCHMARK_CAPTURE(trials, predicted, predicted)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(trials, predicted_for_1_percent_more, predicted_for_more_memory)
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(trials, gallop_and_bisect, one)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) { return memsweep::run_benchmarks_as_table(argc, argv); }
