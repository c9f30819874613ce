// Time of one allocation or free in the caching allocator, the device being a counter. The requests
// are seeded and of mixed sizes, as a training step makes them; `live` blocks stand at a time.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/sources/counting.h"

namespace memsweep {
namespace {

constexpr auto kRelease = PytorchRelease::v2_15;

struct Request {
  std::size_t slot;
  std::size_t bytes;
};

/// Sizes spread evenly over their logarithm from 4 B to 64 MiB: many scalars, few large activations.
std::vector<Request> requests(std::size_t count, std::size_t slots) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> log2_bytes(2, 26);
  std::uniform_int_distribution<std::size_t> slot(0, slots - 1);
  std::vector<Request> result(count);
  for (Request& request : result) {
    request = {slot(random), static_cast<std::size_t>(std::exp2(log2_bytes(random)))};
  }
  return result;
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
  // An allocation and a free each time.
  state.counters["time_per_operation"] =
      benchmark::Counter(2, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
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
  state.counters["time_per_operation"] =
      benchmark::Counter(2.0 * static_cast<double>(blocks.size()),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(replace_random_blocks, default_settings, "")->ArgName("live")->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(replace_random_blocks, expandable, "expandable_segments:True")->ArgName("live")->Arg(1000);
BENCHMARK(repeat_a_step)->ArgName("live")->Arg(1000);

}  // namespace
}  // namespace memsweep

BENCHMARK_MAIN();
