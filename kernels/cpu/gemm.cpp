// Products, by OpenBLAS on one thread each: the result is cut into slabs for the threads of parallel_for, so
// that a process has one set of threads and none of OpenBLAS's spin beside them.
#include <cblas.h>

#include <algorithm>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/parallel.h"

namespace memsweep::cpu {
namespace {

/// A row-major operand, used as it lies or transposed.
struct Factor {
  const float* data;
  std::int64_t columns;  // as it lies
  bool transposed;

  [[nodiscard]] CBLAS_TRANSPOSE mode() const { return transposed ? CblasTrans : CblasNoTrans; }
  [[nodiscard]] const float* from_row(std::int64_t i) const { return data + (transposed ? i : i * columns); }
  [[nodiscard]] const float* from_column(std::int64_t i) const {
    return data + (transposed ? i * columns : i);
  }
};

/// c [m,n] = a b + keep * c, with k summed over.
struct Product {
  std::int64_t m, n, k;
  Factor a, b;
  float keep;
  float* c;
};

struct Range {
  std::int64_t begin, end;
};

void multiply_block(const Product& p, Range rows, Range columns) {
  cblas_sgemm(CblasRowMajor, p.a.mode(), p.b.mode(), static_cast<blasint>(rows.end - rows.begin),
              static_cast<blasint>(columns.end - columns.begin), static_cast<blasint>(p.k), 1.0f,
              p.a.from_row(rows.begin), static_cast<blasint>(p.a.columns), p.b.from_column(columns.begin),
              static_cast<blasint>(p.b.columns), p.keep, p.c + rows.begin * p.n + columns.begin,
              static_cast<blasint>(p.n));
}

/// One slab a thread, in whole tiles of OpenBLAS's kernels; small products are one slab.
std::int64_t slab(const Product& p, std::int64_t extent) {
  constexpr std::int64_t kTile = 32;
  constexpr double kSmall = 1 << 20;  // multiplications, about 20 microseconds
  if (static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) < kSmall) return extent;
  const std::int64_t share = (extent + thread_count() - 1) / thread_count();
  return (share + kTile - 1) / kTile * kTile;
}

void multiply(const Product& p) {
  static const bool single_threaded = (openblas_set_num_threads(1), true);
  static_cast<void>(single_threaded);
  if (p.m >= p.n) {
    parallel_for(p.m, slab(p, p.m), [&](std::int64_t begin, std::int64_t end) {
      multiply_block(p, {begin, end}, {0, p.n});
    });
  } else {
    parallel_for(p.n, slab(p, p.n), [&](std::int64_t begin, std::int64_t end) {
      multiply_block(p, {0, p.m}, {begin, end});
    });
  }
}

void repeat_row(const float* row, std::int64_t rows, std::int64_t columns, float* y) {
  parallel_for(rows, std::max<std::int64_t>(1, kElementGrain / columns),
               [=](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) std::copy_n(row, columns, y + i * columns);
               });
}

}  // namespace

void addmm(const OpCall& call, const Views& views) {
  const std::int64_t rows = call.outputs[0].shape[0], columns = call.outputs[0].shape[1];
  const std::int64_t inner = call.inputs[0].shape[1];
  repeat_row(input(views, 2), rows, columns, output(views, 0));
  multiply({rows,
            columns,
            inner,
            {input(views, 0), inner, false},
            {input(views, 1), inner, true},
            1.0f,
            output(views, 0)});
}

void mm(const OpCall& call, const Views& views) {
  const auto [transpose_a, transpose_b] = call.numbers<2>();
  const auto &a = call.inputs[0].shape, &b = call.inputs[1].shape, &c = call.outputs[0].shape;
  const std::int64_t inner = transpose_a != 0 ? a[0] : a[1];
  multiply({c[0],
            c[1],
            inner,
            {input(views, 0), a[1], transpose_a != 0},
            {input(views, 1), b[1], transpose_b != 0},
            0.0f,
            output(views, 0)});
}

}  // namespace memsweep::cpu
