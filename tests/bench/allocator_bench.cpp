// What one allocation or free in the caching allocator costs in time, and a live block in bytes of the host;
// the device is a counter. Requests are those of recorded traces, or seeded and of mixed sizes, as a training
// step makes them, where `live` blocks stand at a time.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"
#include "harness/trace/operation_log.h"
#include "tests/golden.h"
#include "tests/memory/host_bytes.h"
#include "tests/memory/random_sizes.h"

namespace memsweep {
namespace {

constexpr auto kRelease = PytorchRelease::v2_15;

struct Request {
  std::size_t slot;
  std::size_t bytes;
};

std::vector<Request> requests(std::size_t count, std::size_t slots) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::size_t> slot(0, slots - 1);
  testing::RandomSizes size;
  std::vector<Request> result(count);
  for (Request& request : result) request = {slot(random), size()};
  return result;
}

/// Nanoseconds of CPU time for an allocation or a free, of which an iteration has `operations`.
benchmark::Counter time_per_operation(std::size_t operations) {
  return {static_cast<double>(operations),
          benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void replace_random_blocks(benchmark::State& state, const std::string& settings) {
  CountingSource device(1024_GiB);
  CachingAllocator allocator(device, parse_settings(settings, kRelease), kRelease);
  std::vector<Address> blocks(static_cast<std::size_t>(state.range(0)));
  const std::vector<Request> trace = requests(1 << 14, blocks.size());
  std::size_t at = 0;
  for (auto _ : state) {
    const Request& request = trace[at++ % trace.size()];
    allocator.free(blocks[request.slot]);
    blocks[request.slot] = allocator.allocate(request.bytes);
  }
  state.counters["time_per_operation"] = time_per_operation(2);
}

/// What a training step does: the same allocations in the same order, then all frees backwards.
void repeat_a_step(benchmark::State& state) {
  CountingSource device(1024_GiB);
  CachingAllocator allocator(device, {}, kRelease);
  std::vector<Address> blocks(static_cast<std::size_t>(state.range(0)));
  const std::vector<Request> trace = requests(blocks.size(), blocks.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = allocator.allocate(trace[i].bytes);
    for (std::size_t i = blocks.size(); i-- > 0;) allocator.free(blocks[i]);
  }
  state.counters["time_per_operation"] = time_per_operation(2 * blocks.size());
}

/// A trace recorded from PyTorch, again and again: what still lives at its end is freed.
void replay(benchmark::State& state, const std::string& name) {
  const OperationLog log = read_operation_log(testing::golden_root() / "allocator" / (name + ".trace.gz"));
  std::vector<LogOperation> operations = log.operations;
  std::set<std::size_t> live;
  std::size_t last_id = 0;
  for (const LogOperation& operation : log.operations) {
    last_id = std::max(last_id, operation.id);
    if (operation.op == LogOp::allocate) live.insert(operation.id);
    if (operation.op == LogOp::free) live.erase(operation.id);
  }
  for (const std::size_t id : live) operations.push_back({.op = LogOp::free, .id = id});
  CountingSource device(log.total_bytes);
  CachingAllocator allocator(device, parse_settings(log.settings, kRelease), kRelease);
  std::vector<Address> blocks(last_id + 1);
  for (auto _ : state) {
    for (const LogOperation& operation : operations) {
      switch (operation.op) {
        case LogOp::allocate:
          blocks[operation.id] = allocator.allocate(operation.bytes, log.streams[operation.stream]);
          break;
        case LogOp::free: allocator.free(blocks[operation.id]); break;
        case LogOp::empty_cache: allocator.empty_cache(); break;
        default: break;
      }
    }
  }
  state.counters["time_per_operation"] = time_per_operation(operations.size());
}

void hold_a_million_blocks(benchmark::State& state, double (*bytes_per_block)()) {
  double bytes = 0;
  for (auto _ : state) bytes = bytes_per_block();
  state.counters["host_bytes_per_block"] = bytes;
}

double best(const std::vector<double>& repetitions) {
  return *std::min_element(repetitions.begin(), repetitions.end());
}

void best_of_ten(benchmark::internal::Benchmark* benchmark) {
  benchmark->Repetitions(10)->ReportAggregatesOnly()->ComputeStatistics("best", best)->MinTime(0.1);
}

BENCHMARK_CAPTURE(replay, default_1stream, "default_1stream")->Apply(best_of_ten);
BENCHMARK_CAPTURE(replay, default_3streams, "default_3streams")->Apply(best_of_ten);
BENCHMARK_CAPTURE(replay, default_small_objects, "default_small_objects")->Apply(best_of_ten);
BENCHMARK_CAPTURE(hold_a_million_blocks, of_512_bytes, [] {
  return testing::host_bytes_per_block([] { return std::size_t{512}; });
})->Iterations(1);
BENCHMARK_CAPTURE(hold_a_million_blocks, of_random_sizes, [] {
  return testing::host_bytes_per_block(testing::RandomSizes{});
})->Iterations(1);
BENCHMARK_CAPTURE(hold_a_million_blocks, of_random_small_sizes, [] {
  return testing::host_bytes_per_block(testing::RandomSmallSizes{});
})->Iterations(1);
BENCHMARK_CAPTURE(replace_random_blocks, default_settings, "")->ArgName("live")->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(replace_random_blocks, expandable, "expandable_segments:True")->ArgName("live")->Arg(1000);
BENCHMARK(repeat_a_step)->ArgName("live")->Arg(1000);

}  // namespace
}  // namespace memsweep

BENCHMARK_MAIN();
