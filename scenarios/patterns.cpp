#include "scenarios/patterns.h"

#include <cstdint>
#include <random>
#include <utility>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

std::vector<TraceBlock> allocate_all(Trace& trace, std::size_t count, std::size_t bytes) {
  std::vector<TraceBlock> blocks(count);
  for (TraceBlock& block : blocks) block = trace.allocate(bytes);
  return blocks;
}

void free_every_other(Trace& trace, const std::vector<TraceBlock>& blocks, std::size_t first) {
  for (std::size_t i = first; i < blocks.size(); i += 2) trace.free(blocks[i]);
}

void use_for_a_moment(Trace& trace, std::size_t bytes) { trace.free(trace.allocate(bytes)); }

}  // namespace

Trace growing_sizes() {
  Trace trace;
  for (std::size_t size = 20; size <= 38; size += 2) use_for_a_moment(trace, size << 20);
  return trace;
}

Trace every_other_freed() {
  Trace trace;
  free_every_other(trace, allocate_all(trace, 64, 12_MiB), 1);
  allocate_all(trace, 8, 24_MiB);
  return trace;
}

Trace every_fifth_kept() {
  Trace trace;
  const auto blocks = allocate_all(trace, 50, 4_MiB);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 5 != 0) trace.free(blocks[i]);
  }
  trace.empty_cache();
  trace.allocate(18_MiB);
  return trace;
}

Trace small_one_in_the_place_of_a_large_one() {
  Trace trace;
  use_for_a_moment(trace, 512_MiB);
  trace.allocate(1536_KiB);
  trace.allocate(512_MiB);
  return trace;
}

Trace kept_behind_temporaries() {
  Trace trace;
  for (int i = 0; i < 24; ++i) {
    const auto temporaries = allocate_all(trace, 2, 64_MiB);
    trace.allocate(16_MiB);
    for (TraceBlock block : temporaries) trace.free(block);
  }
  return trace;
}

Trace kept_between_temporaries() {
  Trace trace;
  for (int i = 0; i < 24; ++i) {
    const TraceBlock before = trace.allocate(9_MiB);
    trace.allocate(3_MiB);
    const TraceBlock behind = trace.allocate(9_MiB);
    trace.free(before);
    trace.free(behind);
  }
  return trace;
}

Trace holes_of_their_own() {
  Trace trace;
  free_every_other(trace, allocate_all(trace, 9, 100_MiB), 0);
  trace.allocate(300_MiB);
  return trace;
}

Trace holes_inside_one_segment() {
  Trace trace;
  use_for_a_moment(trace, 900_MiB);
  free_every_other(trace, allocate_all(trace, 9, 100_MiB), 0);
  trace.allocate(300_MiB);
  return trace;
}

Trace expert_weights() {
  Trace trace;
  for (int expert = 0; expert < 8; ++expert) {
    use_for_a_moment(trace, 530_MiB);
    trace.allocate(270_MiB);
  }
  return trace;
}

Trace moving_tail() {
  Trace trace;
  TraceBlock tail = trace.allocate(24_MiB);
  for (int i = 0; i < 40; ++i) {
    const TraceBlock temporary = trace.allocate(100_MiB);
    const TraceBlock next = trace.allocate(24_MiB);
    trace.free(temporary);
    trace.free(std::exchange(tail, next));
  }
  return trace;
}

// Four sequences, 1024 channels and 4 heads in fp32: 16 KiB a token, and 64 bytes a pair of tokens.
Trace sequence_lengths() {
  constexpr int kSteps = 30, kLayers = 6;
  Trace trace;
  allocate_all(trace, kLayers, 16_MiB);  // weights
  std::mt19937 random(7);                // gives the same numbers everywhere; a distribution does not
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t tokens = 64 + random() % 961;
    const std::size_t activations = tokens * 16_KiB, scores = tokens * tokens * 64;
    std::vector<TraceBlock> saved;
    for (int layer = 0; layer < kLayers; ++layer) {
      saved.push_back(trace.allocate(activations));
      saved.push_back(trace.allocate(scores));
    }
    TraceBlock gradient = trace.allocate(activations);
    for (; !saved.empty(); saved.pop_back()) {
      trace.free(std::exchange(gradient, trace.allocate(saved.size() % 2 == 0 ? scores : activations)));
      trace.free(saved.back());
    }
    trace.free(gradient);
  }
  return trace;
}

Trace half_of_each_kept(std::span<const std::size_t> sizes) {
  Trace trace;
  for (std::size_t size : sizes) {
    use_for_a_moment(trace, size << 20);
    trace.allocate(size << 19);
  }
  return trace;
}

Trace a_cache_for_each_stream() {
  Trace trace;
  trace.streams = {0, 1, 2, 3};
  for (std::uint16_t stream = 0; stream < trace.streams.size(); ++stream) {
    trace.free(trace.allocate(18_MiB, stream));
    trace.allocate(3_MiB, stream);
  }
  return trace;
}

Trace cached_and_idle() {
  Trace trace;
  for (TraceBlock block : allocate_all(trace, 3, 16_MiB)) trace.free(block);
  return trace;
}

Trace one_request() {
  Trace trace;
  trace.allocate(32_MiB);
  return trace;
}

}  // namespace memsweep
