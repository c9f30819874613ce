// Loops shared by a few threads that live as long as the process.
#pragma once

#include <cstdint>

#include "kernels/cpu/widest.h"

namespace memsweep::cpu {

/// Threads that share a loop, the caller among them: OPENBLAS_NUM_THREADS where it is set, else all of the
/// hardware's.
[[nodiscard]] int thread_count();

/// A call that forgets its type: what the pool needs to know of a loop.
struct BlockLoop {
  void (*call)(const void* range, std::int64_t begin, std::int64_t end);
  const void* range;
  std::int64_t n;
  std::int64_t grain;
};
void run_blocks(const BlockLoop& loop);

/// Calls range(begin, end) for [0, grain), [grain, 2 * grain), … up to n, on any thread, and returns when
/// all are done. The blocks do not depend on the number of threads, so neither do results that are kept
/// per block. One block stays on the caller, as do loops within loops. `range` must not throw.
template <class Range>
void parallel_for(std::int64_t n, std::int64_t grain, const Range& range) {
  run_blocks({[](const void* erased, std::int64_t begin, std::int64_t end) {
                widest(*static_cast<const Range*>(erased), begin, end);
              },
              &range, n, grain});
}

}  // namespace memsweep::cpu
