// Runs a loop with the widest vectors this CPU has, whatever the compiler's baseline is: the loop is compiled
// once for the baseline and once for AVX2 with FMA (`flatten` inlines all of it into the function that may
// use them), and the CPU is asked once which it can run. The only place that knows an instruction set.
#pragma once

#include <cstdint>

namespace memsweep::cpu {

#if defined(__x86_64__)

inline bool has_avx2() {
  static const bool yes = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return yes;
}

template <class Range>
[[gnu::target("avx2,fma"), gnu::flatten]] void with_avx2(const Range& range, std::int64_t begin,
                                                         std::int64_t end) {
  range(begin, end);
}

/// Calls range(begin, end).
template <class Range>
void widest(const Range& range, std::int64_t begin, std::int64_t end) {
  if (has_avx2()) {
    with_avx2(range, begin, end);
  } else {
    range(begin, end);
  }
}

#else

template <class Range>
void widest(const Range& range, std::int64_t begin, std::int64_t end) {
  range(begin, end);
}

#endif

}  // namespace memsweep::cpu
