// Loops over elements that do not depend on each other.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/parallel.h"

namespace memsweep::cpu {

/// Elements a block: 64 KiB of f32, a few microseconds of work.
inline constexpr std::int64_t kElementGrain = 16'384;

/// Calls element(i) for i in [0, n), in vectors and on all threads.
template <class Element>
void for_each_element(std::int64_t n, const Element& element) {
  parallel_for(n, kElementGrain, [element](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) element(i);
  });
}

/// Calls row(i) for each of `rows` rows of `columns` elements, on all threads.
template <class Row>
void for_each_row(std::int64_t rows, std::int64_t columns, const Row& row) {
  parallel_for(rows, std::max<std::int64_t>(1, kElementGrain / columns),
               [=](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) row(i);
               });
}

}  // namespace memsweep::cpu
