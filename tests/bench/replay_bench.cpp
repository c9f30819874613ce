// How fast a trace is replayed from memory, and how fast and in how much memory a snapshot is read.
//   replay_bench [--benchmark_filter=...]    the snapshot of 1 GiB lies in the temporary folder meanwhile
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>

#include "harness/base/bytes.h"
#include "harness/trace/read_recording.h"
#include "harness/trace/what_if.h"
#include "harness/trace/write_snapshot.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

/// Steps of a training: activations are made in the forward pass and go in the opposite order, with
/// temporaries between them.
Trace training_trace(std::size_t steps, std::size_t layers) {
  Trace trace;
  std::mt19937_64 random(1);
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<TraceBlock> kept;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      kept.push_back(trace.allocate((random() % 64 + 1) << 16));
      trace.free(trace.allocate((random() % 16 + 1) << 12));
    }
    for (; !kept.empty(); kept.pop_back()) {
      const TraceBlock gradient = trace.allocate((random() % 64 + 1) << 14);
      trace.free(kept.back());
      trace.free(gradient);
    }
  }
  return trace;
}

void replay(benchmark::State& state, const char* text) {
  const Trace trace = training_trace(2000, 100);
  const AllocatorSettings settings = parse_settings(text, PytorchRelease::v2_15);
  for (auto _ : state) {
    const FreshAllocator fresh = fresh_allocator(settings, PytorchRelease::v2_15, {80_GiB, 0});
    benchmark::DoNotOptimize(run_trace(trace, *fresh.allocator, *fresh.source, *fresh.streams));
  }
  const auto operations =
      static_cast<double>(trace.operations.size()) * static_cast<double>(state.iterations());
  state.counters["operations/s"] = benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

/// An allocation and its end are three events of a snapshot, and two operations.
Recording long_recording(std::size_t events) {
  Recording recording;
  recording.source = "PyTorch snapshot";
  recording.segments.emplace();
  recording.places.push_back({"forward", "train.py", 42});
  recording.events.reserve(events);
  for (std::int64_t i = 0; recording.events.size() < events; ++i) {
    const Event event{.address = Address{1} << 45,
                      .size = 4096,
                      .stream = 0,
                      .time_us = i,
                      .place = 1,
                      .action = Action::alloc};
    for (const Action action : {Action::alloc, Action::free_requested, Action::free_completed}) {
      recording.events.push_back(event);
      recording.events.back().action = action;
    }
  }
  return recording;
}

/// Runs an action in a process of its own; the most memory that it held, MiB.
double resident_mib_of(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    action();
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
    throw std::runtime_error("a process of the benchmark failed");
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void read_snapshot(benchmark::State& state) {
  const auto file = std::filesystem::temp_directory_path() / "memsweep_replay_bench.pickle";
  const auto events = static_cast<std::size_t>(state.range(0));
  resident_mib_of([&] { write_snapshot(long_recording(events), file); });
  const double mib = static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(1_MiB);
  double resident = 0;
  for (auto _ : state) resident = resident_mib_of([&] { benchmark::DoNotOptimize(read_recording(file)); });
  state.counters["file_MiB"] = mib;
  state.counters["MiB/s"] =
      benchmark::Counter(mib * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["resident_MiB"] = resident;
  state.counters["recording_MiB"] = static_cast<double>(events * sizeof(Event)) / static_cast<double>(1_MiB);
  std::filesystem::remove(file);
}

BENCHMARK_CAPTURE(replay, default, "")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(replay, max_split, "max_split_size_mb:128")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(replay, expandable, "expandable_segments:True")->Unit(benchmark::kMillisecond);
BENCHMARK(read_snapshot)
    ->Arg(300'000)
    ->Arg(16'000'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) { return memsweep::run_benchmarks_as_table(argc, argv); }
