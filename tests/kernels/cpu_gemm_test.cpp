#include <gtest/gtest.h>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

struct Sizes {
  std::int64_t m, n, k;
};
// One element; odd edges; large enough for one slab a thread, taller and wider than square.
constexpr Sizes kSizes[] = {{1, 1, 1}, {7, 5, 3}, {1, 513, 7}, {65, 33, 129}, {513, 129, 65}, {67, 515, 129}};

/// Sum over k of a(i, k) b(k, j), and `start` (j).
template <class A, class B, class Start>
Doubles product(const Sizes& size, const A& a, const B& b, const Start& start) {
  Doubles c;
  for (std::int64_t i = 0; i < size.m; ++i) {
    for (std::int64_t j = 0; j < size.n; ++j) {
      double sum = start(j);
      for (std::int64_t k = 0; k < size.k; ++k) sum += a(i, k) * b(k, j);
      c.push_back(sum);
    }
  }
  return c;
}

double at(const Tensor& matrix, std::int64_t row, std::int64_t column) {
  return matrix.values()[static_cast<std::size_t>(row * matrix.type().shape.columns() + column)];
}

TEST(CpuGemm, AddmmIsALinearLayer) {
  for (const auto& size : kSizes) {
    const auto x = random_tensor({size.m, size.k}, 1), w = random_tensor({size.n, size.k}, 2);
    const auto bias = random_tensor({size.n}, 3);
    const auto expected = product(
        size, [&](auto i, auto k) { return at(x, i, k); }, [&](auto k, auto j) { return at(w, j, k); },
        [&](auto j) { return at(bias, 0, j); });
    expect_near(run({Op::addmm, {}, {x, w, bias}})[0].values(), expected, 4e-6);
  }
}

TEST(CpuGemm, MmTransposesWhatItsAttributesSay) {
  for (const auto& size : kSizes) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        const auto a = random_tensor(ta ? Shape{size.k, size.m} : Shape{size.m, size.k}, 1);
        const auto b = random_tensor(tb ? Shape{size.n, size.k} : Shape{size.k, size.n}, 2);
        const auto expected = product(
            size, [&](auto i, auto k) { return ta ? at(a, k, i) : at(a, i, k); },
            [&](auto k, auto j) { return tb ? at(b, j, k) : at(b, k, j); }, [](auto) { return 0.0; });
        const auto c = run({Op::mm, {ta ? 1.0 : 0.0, tb ? 1.0 : 0.0}, {a, b}});
        expect_near(c[0].values(), expected, 4e-6);
      }
    }
  }
}

}  // namespace
}  // namespace memsweep
