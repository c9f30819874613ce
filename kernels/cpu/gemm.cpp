// Products, by OpenBLAS on one thread each: the result is cut into slabs for the threads of parallel_for, so
// that a process has one set of threads and none of OpenBLAS's spin beside them.
#include <cblas.h>

#include <algorithm>

#include "kernels/cpu/declarations.h"
#include "kernels/cpu/elements.h"
#include "kernels/cpu/operands.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product.h"
#include "kernels/heads.h"

namespace memsweep::cpu {
namespace {

CBLAS_TRANSPOSE mode(const Factor& factor) { return factor.transposed ? CblasTrans : CblasNoTrans; }

Factor from_row(Factor factor, std::int64_t i) {
  factor.data += factor.transposed ? i : i * factor.stride;
  return factor;
}

Factor from_column(Factor factor, std::int64_t i) {
  factor.data += factor.transposed ? i * factor.stride : i;
  return factor;
}

double multiplications(const Product& p) {
  return static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
}

/// One slab a thread, in whole tiles of OpenBLAS's kernels; small products are one slab.
std::int64_t slab(const Product& p, std::int64_t extent) {
  constexpr std::int64_t kTile = 32;
  if (multiplications(p) < kSmallProduct) return extent;
  const std::int64_t share = (extent + thread_count() - 1) / thread_count();
  return (share + kTile - 1) / kTile * kTile;
}

void repeat_row(const float* row, std::int64_t rows, std::int64_t columns, float* y) {
  parallel_for(rows, std::max<std::int64_t>(1, kElementGrain / columns),
               [=](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) std::copy_n(row, columns, y + i * columns);
               });
}

}  // namespace

void multiply_here(const Product& p) {
  static const bool single_threaded = (openblas_set_num_threads(1), true);
  static_cast<void>(single_threaded);
  cblas_sgemm(CblasRowMajor, mode(p.a), mode(p.b), static_cast<blasint>(p.m), static_cast<blasint>(p.n),
              static_cast<blasint>(p.k), 1.0f, p.a.data, static_cast<blasint>(p.a.stride), p.b.data,
              static_cast<blasint>(p.b.stride), p.keep, p.c, static_cast<blasint>(p.c_stride));
}

void multiply(const Product& p) {
  const auto rows = [&p](std::int64_t begin, std::int64_t end) {
    multiply_here(
        {end - begin, p.n, p.k, from_row(p.a, begin), p.b, p.keep, p.c + begin * p.c_stride, p.c_stride});
  };
  const auto columns = [&p](std::int64_t begin, std::int64_t end) {
    multiply_here({p.m, end - begin, p.k, p.a, from_column(p.b, begin), p.keep, p.c + begin, p.c_stride});
  };
  if (p.m >= p.n) {
    parallel_for(p.m, slab(p, p.m), rows);
  } else {
    parallel_for(p.n, slab(p, p.n), columns);
  }
}

void addmm(const OpCall& call, const Views& views) {
  const std::int64_t rows = call.outputs[0].shape[0], columns = call.outputs[0].shape[1];
  const std::int64_t inner = call.inputs[1].shape[1];
  repeat_row(input(views, 2), rows, columns, output(views, 0));
  multiply({rows,
            columns,
            inner,
            {input(views, 0), inner},
            {input(views, 1), inner, true},
            1.0f,
            output(views, 0),
            columns});
}

void mm(const OpCall& call, const Views& views) {
  const auto [transpose_a, transpose_b] = call.numbers<2>();
  const auto &a = call.inputs[0].shape, &b = call.inputs[1].shape, &c = call.outputs[0].shape;
  multiply({c[0],
            c[1],
            transpose_a != 0 ? a[0] : a.flat(),
            {input(views, 0), a.flat(), transpose_a != 0},
            {input(views, 1), b.flat(), transpose_b != 0},
            0.0f,
            output(views, 0),
            c[1]});
}

void bmm(const OpCall& call, const Views& views) {
  const HeadProduct heads(call.inputs, call.attributes);
  const HeadMatrices &a = heads.a, &b = heads.b;
  const std::int64_t m = a.rows(), n = b.columns(), k = a.columns();
  const float *all_a = input(views, 0), *all_b = input(views, 1);
  float* all_c = output(views, 0);
  const double each = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const auto grain = static_cast<std::int64_t>(std::max(1.0, kSmallProduct / each));
  parallel_for(a.count(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      multiply_here({m,
                     n,
                     k,
                     {all_a + a.offset(i), a.row_stride, a.transposed},
                     {all_b + b.offset(i), b.row_stride, b.transposed},
                     0.0f,
                     all_c + i * m * n,
                     n});
    }
  });
}

}  // namespace memsweep::cpu
