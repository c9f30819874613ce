// Patterns of requests that fragment memory. Each is deterministic; sizes are in MiB unless said otherwise,
// and whether two blocks may share a segment follows from them: they cannot be scaled.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/trace/trace.h"

namespace memsweep {

/// P1. Ten requests of 20, 22 ... 38, each freed before the next.
[[nodiscard]] Trace growing_sizes();

/// P2. 64 blocks of 12; the second, fourth ... are freed; 8 of 24 fit in none of the holes.
[[nodiscard]] Trace every_other_freed();

/// P3. 50 blocks of 4, of which every fifth is kept; the cache is emptied; 18.
[[nodiscard]] Trace every_fifth_kept();

/// P4. 512, freed; 1.5 that settles in its place; 512 again.
[[nodiscard]] Trace small_one_in_the_place_of_a_large_one();

/// P5. 24 times 64, 64 and 16, of which the 16 is kept.
[[nodiscard]] Trace kept_behind_temporaries();

/// P6. 24 times 9, 3 and 9, of which the 3 is kept.
[[nodiscard]] Trace kept_between_temporaries();

/// P7. 9 blocks of 100, of which the first, third ... are freed; 300.
[[nodiscard]] Trace holes_of_their_own();

/// P8. 900, freed; 9 blocks of 100 inside it, of which the first, third ... are freed; 300.
[[nodiscard]] Trace holes_inside_one_segment();

/// A model of eight experts is loaded: 530 for a moment, then the 270 that stay.
[[nodiscard]] Trace expert_weights();

/// 40 times a temporary of 100 and a 24 behind it that lives until the next one is there.
[[nodiscard]] Trace moving_tail();

/// 30 training steps of sequences of 64 to 1024 tokens: activations and attention scores of six layers.
[[nodiscard]] Trace sequence_lengths();

/// A temporary of each size, and after it half of its size that stays.
[[nodiscard]] Trace half_of_each_kept(std::span<const std::size_t> sizes);

/// Four streams, each with a temporary of 18 and a 3 that is kept.
[[nodiscard]] Trace a_cache_for_each_stream();

/// 3 blocks of 16, all freed: what a program leaves in its cache.
[[nodiscard]] Trace cached_and_idle();

/// One request of 32.
[[nodiscard]] Trace one_request();

}  // namespace memsweep
