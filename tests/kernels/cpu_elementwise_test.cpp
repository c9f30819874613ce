#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/operands.h"
#include "tests/kernels/reference.h"

namespace memsweep {
namespace {

using namespace testing;

// One element; a tail of vectors; more than one block of the threads.
constexpr std::int64_t kSizes[] = {1, 7, 513, 2 * 16'384 + 5};

struct Activation {
  Op forward, backward;
  double (*reference)(double);
  bool saves_output;
};
const Activation kActivations[] = {
    {Op::relu, Op::relu_backward, reference::relu, true},
    {Op::gelu, Op::gelu_backward, reference::gelu, false},
    {Op::gelu_tanh, Op::gelu_tanh_backward, reference::gelu_tanh, false},
    {Op::silu, Op::silu_backward, reference::silu, false},
    {Op::tanh, Op::tanh_backward, [](double x) { return std::tanh(x); }, true},
    {Op::sigmoid, Op::sigmoid_backward, reference::sigmoid, true},
};

class ActivationTest : public ::testing::TestWithParam<Activation> {};

INSTANTIATE_TEST_SUITE_P(, ActivationTest, ::testing::ValuesIn(kActivations),
                         [](const auto& test) { return std::string(row_of(test.param.forward).name); });

TEST_P(ActivationTest, ForwardFollowsItsFormula) {
  for (const auto n : kSizes) {
    const auto x = random_tensor({n}, 1, 8);
    Doubles expected;
    for (const float value : x.values()) expected.push_back(GetParam().reference(value));
    expect_near(run({GetParam().forward, {}, {x}})[0].values(), expected, 3e-7);
  }
}

TEST_P(ActivationTest, BackwardIsTheSlopeOfForward) {
  const auto& activation = GetParam();
  for (const auto n : kSizes) {
    const auto x = random_tensor({n}, 2, 6), grad = random_tensor({n}, 3);
    const auto saved = activation.saves_output ? run({activation.forward, {}, {x}})[0] : x;
    Doubles expected;
    for (std::size_t i = 0; i < x.values().size(); ++i) {
      expected.push_back(static_cast<double>(grad.values()[i]) * slope(activation.reference, x.values()[i]));
    }
    expect_near(run({activation.backward, {}, {grad, saved}})[0].values(), expected, 1e-6);
  }
}

TEST_P(ActivationTest, ExtremeInputsGiveLimitsAndNoNaN) {
  std::vector<float> values{0.0f, -0.0f};
  for (const float size :
       {1e-38f, 1e-10f, 5.5f, 13.9f, 14.1f, 20.0f, 87.5f, 88.5f, 104.0f, 1e3f, 1e18f, 1e20f, 3e38f}) {
    values.insert(values.end(), {size, -size});
  }
  const Tensor x({static_cast<std::int64_t>(values.size())}, values);
  const auto y = run({GetParam().forward, {}, {x}})[0];
  Doubles expected;
  for (const float value : values) expected.push_back(GetParam().reference(value));
  expect_near(y.values(), expected, 3e-7);

  const auto saved = GetParam().saves_output ? y : x;
  const std::vector<float> ones(values.size(), 1.0f);
  const auto dx = run({GetParam().backward, {}, {Tensor(x.type().shape, ones), saved}})[0];
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_LT(std::abs(dx.values()[i]), 1.2f) << "at " << values[i];
    if (values[i] < -200) {
      EXPECT_LT(std::abs(dx.values()[i]), 1e-25f) << "at " << values[i];
    }
  }
}

TEST_P(ActivationTest, NaNStaysNaN) {
  const std::vector<float> values(9, std::numeric_limits<float>::quiet_NaN());
  const auto result = run({GetParam().forward, {}, {Tensor({9}, values)}});
  for (const float y : result[0].values()) EXPECT_TRUE(std::isnan(y));
}

TEST(CpuElementwise, AddAndFill) {
  for (const auto n : kSizes) {
    const auto a = random_tensor({n}, 1), b = random_tensor({n}, 2);
    const auto sum = run({Op::add, {}, {a, b}});
    const auto filled =
        run({.op = Op::fill, .attributes = {0.1}, .inputs = {}, .generated = {{{n}, DType::f32}}});
    for (std::size_t i = 0; i < a.values().size(); ++i) {
      ASSERT_EQ(sum[0].values()[i], a.values()[i] + b.values()[i]);
      ASSERT_EQ(filled[0].values()[i], 0.1f);
    }
  }
}

}  // namespace
}  // namespace memsweep
