#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

constexpr std::int64_t kSizes[] = {1, 7, 513, 2 * 16'384 + 5};
constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kSmall = 1e-8;

Tensor zeros(const Shape& shape) {
  const std::vector<float> values(static_cast<std::size_t>(shape.elements()), 0.0f);
  return {shape, values};
}

Tensor at_step(std::int64_t t, Op op, std::vector<double> attributes, std::vector<Tensor> inputs) {
  return run({.op = op, .attributes = std::move(attributes), .inputs = std::move(inputs), .step = t})[0];
}

TEST(CpuOptimizers, AdamInParts) {
  for (const auto n : kSizes) {
    const auto p = random_tensor({n}, 1), m = random_tensor({n}, 2), v = random_tensor({n}, 3, 1, 1.5f);
    for (const std::int64_t t : {1, 2, 100}) {
      const double c1 = 1 - std::pow(kBeta1, t), c2 = std::sqrt(1 - std::pow(kBeta2, t));
      expect_near(at_step(t, Op::adam_denominator, {kBeta2, kSmall}, {v}).values(),
                  each({&v}, [&](double x, double, double) { return std::sqrt(x) / c2 + kSmall; }), 3e-7);
      expect_near(at_step(t, Op::adam_divisor, {kBeta2, kSmall}, {v}).values(),
                  each({&v}, [&](double x, double, double) { return x / c2 + kSmall; }), 3e-7);
      expect_near(at_step(t, Op::descend, {kLr, kBeta1, 0}, {p, m, v}).values(),
                  each({&p, &m, &v}, [&](double x, double y, double z) { return x - kLr / c1 * y / z; }),
                  3e-7);
    }
  }
}

TEST(CpuOptimizers, ABetaOfZeroCorrectsNothing) {
  const auto v = random_tensor({9}, 3, 1, 1.5f);
  expect_near(at_step(3, Op::adam_denominator, {0, 0.5}, {v}).values(),
              each({&v}, [](double x, double, double) { return std::sqrt(x) + 0.5; }), 2e-7);
}

TEST(CpuOptimizers, RatesDecayAsAdagrads) {
  const auto p = random_tensor({9}, 1), g = random_tensor({9}, 2), d = random_tensor({9}, 3, 1, 1.5f);
  const double rate = 0.5 / (1 + 4 * 0.25);
  expect_near(at_step(5, Op::descend, {0.5, 0, 0.25}, {p, g, d}).values(),
              each({&p, &g, &d}, [&](double x, double y, double z) { return x - rate * y / z; }), 3e-7);
  expect_near(at_step(5, Op::decayed_scale, {0.5, 0.25}, {g}).values(),
              each({&g}, [&](double x, double, double) { return rate * x; }), 1e-7);
}

TEST(CpuOptimizers, NadamStepsAlongGradientAndMomentum) {
  const auto p = random_tensor({9}, 1), x = random_tensor({9}, 2), d = random_tensor({9}, 3, 1, 1.5f);
  const auto mu = [](double t) { return kBeta1 * (1 - 0.5 * std::pow(0.96, t * 0.1)); };
  const double product = mu(1) * mu(2) * mu(3);
  const double of_gradient = kLr * (1 - mu(3)) / (1 - product);
  const double of_momentum = kLr * mu(4) / (1 - product * mu(4));
  expect_near(at_step(3, Op::nadam_step, {kLr, kBeta1, 0.1, 0}, {p, x, d}).values(),
              each({&p, &x, &d}, [&](double a, double b, double c) { return a - of_gradient * b / c; }),
              2e-7);
  expect_near(at_step(3, Op::nadam_step, {kLr, kBeta1, 0.1, 1}, {p, x, d}).values(),
              each({&p, &x, &d}, [&](double a, double b, double c) { return a - of_momentum * b / c; }),
              2e-7);
}

TEST(CpuOptimizers, RadamTrustsTheVarianceFromTheSixthStepOn) {
  const auto v = random_tensor({9}, 3, 1, 1.5f);
  const double early = kLr / (1 - std::pow(kBeta1, 5));
  expect_near(at_step(5, Op::radam_factor, {kLr, kBeta1, kBeta2, kSmall}, {v}).values(), Doubles(9, -early),
              1e-7);
  const double longest = 2 / (1 - kBeta2) - 1, missing = 1 - std::pow(kBeta2, 6);
  const double length = longest - 2 * 6 * std::pow(kBeta2, 6) / missing;
  const double rate =
      kLr / (1 - std::pow(kBeta1, 6)) * std::sqrt(missing) *
      std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  expect_near(at_step(6, Op::radam_factor, {kLr, kBeta1, kBeta2, kSmall}, {v}).values(),
              each({&v}, [&](double x, double, double) { return -rate / (std::sqrt(x) + kSmall); }), 1e-7);
}

TEST(CpuOptimizers, RadamInParts) {
  const auto x = random_tensor({9}, 1);
  expect_near(at_step(2, Op::corrected, {kBeta1}, {x}).values(),
              each({&x}, [](double a, double, double) { return a / (1 - kBeta1 * kBeta1); }), 1e-6);
  const double longest = 2 / (1 - kBeta2) - 1, missing = 1 - std::pow(kBeta2, 9);
  const double length = longest - 2 * 9 * std::pow(kBeta2, 9) / missing;
  const double rectification =
      std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  expect_near(at_step(9, Op::radam_scale, {kBeta2, 0}, {x}).values(),
              each({&x}, [&](double a, double, double) { return a * std::sqrt(missing); }), 1e-7);
  expect_near(at_step(9, Op::radam_scale, {kBeta2, 1}, {x}).values(),
              each({&x}, [&](double a, double, double) { return a * rectification; }), 1e-7);
}

TEST(CpuOptimizers, LionTakesTheSignOfItsMixture) {
  const std::vector<float> m{1, -1, 0, 1}, g{1, 1, 0, -99};
  const auto direction = at_step(1, Op::lion_direction, {0.9}, {Tensor({4}, m), Tensor({4}, g)});
  expect_near(direction.values(), {1, -1, 0, -1}, 0);
}

/// Steps Adam in f64 and in one pass, from the same gradients.
void follow_adam(bool amsgrad, bool decoupled, bool maximize, std::int64_t n) {
  constexpr double kDecay = 0.1;
  std::vector<Tensor> state{random_tensor({n}, 1)};
  const std::size_t moments = amsgrad ? 3 : 2;
  for (std::size_t i = 0; i < moments; ++i) state.push_back(zeros({n}));
  state.push_back(zeros({}));

  auto p = doubles(state[0].values());
  Doubles m(p.size()), v(p.size()), largest(p.size());
  for (std::int64_t t = 1; t <= 5; ++t) {
    const auto g = random_tensor({n}, 10 + static_cast<std::uint64_t>(t), 1.0f / static_cast<float>(t));
    Example call{.op = Op::adam_fused,
                 .attributes = {kLr, kBeta1, kBeta2, kSmall, kDecay, amsgrad ? 1.0 : 0.0,
                                decoupled ? 1.0 : 0.0, maximize ? 1.0 : 0.0},
                 .inputs = state,
                 .step = t};
    call.inputs.insert(call.inputs.end() - 1, g);
    for (std::size_t i = 0; i <= moments; ++i) call.in_place.push_back(i);
    call.in_place.push_back(moments + 2);
    state = run(call);

    for (std::size_t i = 0; i < p.size(); ++i) {
      const double gi = (maximize ? -1 : 1) * g.values()[i] + (decoupled ? 0 : kDecay * p[i]);
      m[i] = kBeta1 * m[i] + (1 - kBeta1) * gi;
      v[i] = kBeta2 * v[i] + (1 - kBeta2) * gi * gi;
      largest[i] = std::max(largest[i], v[i]);
      const double root = std::sqrt(amsgrad ? largest[i] : v[i]) / std::sqrt(1 - std::pow(kBeta2, t));
      p[i] = p[i] * (decoupled ? 1 - kLr * kDecay : 1) -
             kLr / (1 - std::pow(kBeta1, t)) * m[i] / (root + kSmall);
    }
    expect_near(state[0].values(), p, 2e-6);
    expect_near(state[1].values(), m, 1e-6);
    expect_near(state[2].values(), v, 1e-6);
    if (amsgrad) expect_near(state[3].values(), largest, 1e-6);
    EXPECT_EQ(state.back().values()[0], static_cast<float>(t));
  }
}

TEST(CpuOptimizers, FusedAdamIsAdamOrAdamW) {
  for (const auto n : kSizes) {
    for (const bool decoupled : {false, true}) follow_adam(false, decoupled, false, n);
  }
}

TEST(CpuOptimizers, FusedAdamGoesUphillToMaximize) { follow_adam(false, false, true, 513); }

TEST(CpuOptimizers, FusedAdamKeepsTheLargestSecondMomentWithAmsgrad) {
  for (const auto n : kSizes) follow_adam(true, true, false, n);
}

TEST(CpuOptimizers, FusedSgdBeginsItsMomentumWithTheGradient) {
  const auto p = random_tensor({513}, 1), g = random_tensor({513}, 2);
  const auto first = run({Op::sgd_fused, {0.1, 0.9, 0.5, 0, 0.2, 0}, {p, g}, {0}});
  const auto buffer = each({&p, &g}, [](double x, double y, double) { return y + 0.2 * x; });
  expect_near(first[1].values(), buffer, 2e-7);
  expect_near(first[0].values(),
              each({&p, &g}, [](double x, double y, double) { return x - 0.1 * (y + 0.2 * x); }), 2e-7);
  const auto later = run({Op::sgd_fused, {0.1, 0.9, 0.5, 0, 0, 0}, {p, g, first[1]}, {0, 2}});
  expect_near(later[1].values(),
              each({&g, &first[1]}, [](double y, double b, double) { return 0.9 * b + 0.5 * y; }), 2e-7);
}

TEST(CpuOptimizers, FusedSgdLooksAheadAsNesterov) {
  const auto p = random_tensor({513}, 1), g = random_tensor({513}, 2), old = random_tensor({513}, 3);
  expect_near(
      run({Op::sgd_fused, {0.1, 0.9, 0, 1, 0, 1}, {p, g, old}, {0, 2}})[0].values(),
      each({&p, &g, &old}, [](double x, double y, double b) { return x - 0.1 * (-y + 0.9 * (0.9 * b - y)); }),
      3e-7);
}

TEST(CpuOptimizers, FusedLionDecaysStepsAndAverages) {
  const auto p = random_tensor({513}, 1), m = random_tensor({513}, 2), g = random_tensor({513}, 3);
  const auto results = run({Op::lion_fused, {0.1, 0.9, 0.99, 0.5}, {p, m, g}, {0, 1}});
  expect_near(results[0].values(),
              each({&p, &m, &g}, [](double x, double a,
                                    double b) { return x * 0.95 - 0.1 * (0.9 * a + 0.1 * b > 0 ? 1 : -1); }),
              2e-7);
  expect_near(results[1].values(),
              each({&m, &g}, [](double a, double b, double) { return 0.99 * a + 0.01 * b; }), 2e-7);
}

// Adafactor ---------------------------------------------------------------------------------------

struct Size {
  std::int64_t rows, columns;
};

TEST(CpuAdafactor, MeansOfSquaresAlongRowsAndColumns) {
  for (const auto& [rows, columns] : {Size{1, 1}, {3, 5}, {513, 129}, {17, 2050}}) {
    const auto g = random_tensor({rows, columns}, 1);
    Doubles by_row(static_cast<std::size_t>(rows)), by_column(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < by_row.size(); ++i) {
      for (std::size_t j = 0; j < by_column.size(); ++j) {
        const double x = g.values()[i * by_column.size() + j];
        by_row[i] += x * x / static_cast<double>(columns);
        by_column[j] += x * x / static_cast<double>(rows);
      }
    }
    const auto row_means = run({Op::row_mean_squares, {}, {g}})[0];
    EXPECT_EQ(row_means.type().shape, (Shape{rows, 1}));
    expect_near(row_means.values(), by_row, 1e-7);
    const auto column_means = run({Op::column_mean_squares, {}, {g}})[0];
    EXPECT_EQ(column_means.type().shape, (Shape{1, columns}));
    expect_near(column_means.values(), by_column, 1e-7);
  }
}

TEST(CpuAdafactor, TheMeanHasAFloor) {
  const std::vector<float> x{1, 2, 6};
  EXPECT_EQ(run({Op::mean_at_least, {1e-7}, {Tensor({3, 1}, x)}})[0].values()[0], 3.0f);
  EXPECT_EQ(run({Op::mean_at_least, {5}, {Tensor({3, 1}, x)}})[0].values()[0], 5.0f);
}

TEST(CpuAdafactor, AveragesMoveLessWithEachStep) {
  const auto y = random_tensor({9}, 1), x = random_tensor({9}, 2);
  expect_near(at_step(1, Op::lerp_decayed, {-0.5}, {y, x}).values(), doubles(x.values()), 2e-7);
  expect_near(at_step(4, Op::lerp_decayed, {-0.5}, {y, x}).values(),
              each({&y, &x}, [](double a, double b, double) { return (a + b) / 2; }), 2e-7);
}

TEST(CpuAdafactor, TheDirectionHasAFloorUnderItsRoot) {
  const std::vector<float> v{4, 0, 1e-6f}, g{2, 3, 5};
  expect_near(run({Op::adafactor_direction, {0.1}, {Tensor({3}, v), Tensor({3}, g)}})[0].values(),
              {1, 30, 50}, 1e-6);
}

TEST(CpuAdafactor, TheStepIsRelativeToTheWeightAndClipped) {
  const std::vector<float> p{3, -4}, u{6, 8};  // rms 5 / sqrt 2 and 10 / sqrt 2
  const double alpha = 5 / std::sqrt(2) * 0.5, clip = 10 / std::sqrt(2) / 2;
  expect_near(at_step(4, Op::adafactor_step, {0.9, 1e-3, 2, 0.1}, {Tensor({2}, p), Tensor({2}, u)}).values(),
              {3 * 0.91 - alpha / clip * 6, -4 * 0.91 - alpha / clip * 8}, 2e-7);
}

TEST(CpuAdafactor, AWeightOfZeroMovesByTheSecondEpsilon) {
  const std::vector<float> p{0, 0}, u{0.5f, 0.5f};
  expect_near(at_step(1, Op::adafactor_step, {0.9, 0.1, 1, 0}, {Tensor({2}, p), Tensor({2}, u)}).values(),
              {-0.045, -0.045}, 1e-7);
}

}  // namespace
}  // namespace memsweep
