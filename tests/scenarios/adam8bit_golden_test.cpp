// 8-bit vectors and Adam on them against tests/golden/training/adam8bit.json, within the tolerances that the
// README there states: a code may be off by one where a value is as near to the next.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/block_scales.h"
#include "kernels/cpu/bodies.h"
#include "kernels/generator.h"
#include "tests/golden.h"
#include "tests/json.h"
#include "tests/scenarios/given_gradients.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;
using Codes = std::vector<std::uint8_t>;
using Floats = std::vector<float>;

const Json& golden() {
  static const Json file = testing::read_json(testing::golden_root() / "training" / "adam8bit.json");
  return file;
}

Floats code_book(bool is_signed) {
  Floats book(kCodes);
  void* results[] = {book.data()};
  const TensorType type{{kCodes}, DType::f32};
  const double attributes[] = {is_signed ? 1.0 : 0.0};
  cpu_body(Op::code_book)({Op::code_book, attributes, {}, {&type, 1}}, {{}, results, {}});
  return book;
}

struct Quantised {
  Codes codes;
  Floats scales;
};

Quantised quantise(Floats x, Floats book) {
  const auto n = static_cast<std::int64_t>(x.size());
  Quantised result{Codes(x.size()), Floats(static_cast<std::size_t>(scale_blocks(n)))};
  const std::vector<TensorType> in{{{n}, DType::f32}, {{kCodes}, DType::f32}};
  const std::vector<TensorType> out{{{n}, DType::u8}, {{scale_blocks(n)}, DType::f32}};
  void* operands[] = {x.data(), book.data()};
  void* results[] = {result.codes.data(), result.scales.data()};
  cpu_body(Op::quantise)({Op::quantise, {}, in, out}, {operands, results, {}});
  return result;
}

Floats dequantise(Quantised q, Floats book) {
  const auto n = static_cast<std::int64_t>(q.codes.size());
  Floats x(q.codes.size());
  const std::vector<TensorType> in{{{n}, DType::u8}, {{scale_blocks(n)}, DType::f32}, {{kCodes}, DType::f32}};
  const TensorType out{{n}, DType::f32};
  void* operands[] = {q.codes.data(), q.scales.data(), book.data()};
  void* results[] = {x.data()};
  cpu_body(Op::dequantise)({Op::dequantise, {}, in, {&out, 1}}, {operands, results, {}});
  return x;
}

Codes from_hex(const std::string& text) {
  Codes codes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    codes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return codes;
}

/// How many differ; none by more than one.
std::size_t differing(const Codes& a, const Codes& b) {
  EXPECT_EQ(a.size(), b.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    EXPECT_LE(std::abs(a[i] - b[i]), 1) << "code " << i;
    count += a[i] != b[i];
  }
  return count;
}

double norm(const Floats& x) {
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

void expect_summary(const Floats& x, const Json& recorded, double tolerance) {
  const double l2 = recorded.at("l2").get<double>(), n = static_cast<double>(x.size());
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value);
  EXPECT_NEAR(norm(x), l2, tolerance * l2);
  EXPECT_NEAR(sum, recorded.at("sum").get<double>(), tolerance * l2 * std::sqrt(n));
  for (std::size_t j = 0; j < recorded.at("at").size(); ++j) {
    EXPECT_NEAR(static_cast<double>(x.at(recorded.at("at")[j].get<std::size_t>())),
                recorded.at("value")[j].get<double>(), tolerance * l2);
  }
}

void expect_scales(const Floats& scales, const Json& recorded, float tolerance) {
  ASSERT_EQ(scales.size(), recorded.size());
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const auto expected = recorded[i].get<float>();
    EXPECT_NEAR(scales[i], expected, tolerance * expected);
  }
}

TEST(Adam8bitGolden, CodeBooksAreTheRecordedOnes) {
  EXPECT_EQ(code_book(true), golden().at("code_book_signed").get<Floats>());
  EXPECT_EQ(code_book(false), golden().at("code_book_unsigned").get<Floats>());
}

/// README: u to a power, its sign kept where there are signs, and ranges of zeros.
Floats vector_of(const Json& spec) {
  const Generator generator(spec.at("seed").get<std::uint64_t>(), spec.at("id").get<std::uint64_t>());
  const bool is_signed = spec.at("signed").get<bool>();
  Floats x(spec.at("n").get<std::size_t>());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float u = generator.uniform(i);
    x[i] = is_signed ? u : std::abs(u);
    for (int factor = 1; factor < spec.at("power").get<int>(); ++factor)
      x[i] *= is_signed && factor % 2 == 0 ? u : std::abs(u);
  }
  const Json& zeroed = spec.at("zeroed");
  if (!zeroed.empty()) std::fill(x.begin() + zeroed[0].get<int>(), x.begin() + zeroed[1].get<int>(), 0.0F);
  return x;
}

TEST(Adam8bitGolden, VectorsGetTheRecordedCodes) {
  for (const Json& spec : golden().at("vectors")) {
    SCOPED_TRACE(spec.at("name"));
    const Floats book = code_book(spec.at("signed").get<bool>());
    const Quantised result = quantise(vector_of(spec), book);
    EXPECT_LE(differing(result.codes, from_hex(spec.at("codes_hex"))), spec.at("ambiguous").size());
    expect_scales(result.scales, spec.at("absmax"), 0);
    expect_summary(dequantise(result, book), spec.at("dequantised"), 1e-6);
  }
}

TEST(Adam8bitGolden, TrainingEndsWithTheRecordedWeightsAndStates) {
  constexpr double kTolerance = 1e-5;
  for (const Json& spec : golden().at("training")) {
    SCOPED_TRACE(spec.at("name"));
    const auto n = spec.at("n").get<std::int64_t>();
    testing::GivenGradients run(
        fmt::format("adam8bit:lr={},beta1={},beta2={},eps={},weight_decay={}", spec.at("lr").get<double>(),
                    spec.at("betas")[0].get<double>(), spec.at("betas")[1].get<double>(),
                    spec.at("eps").get<double>(), spec.at("weight_decay").get<double>()),
        {{n}}, spec.at("seed").get<int>());
    const Json& norms = spec.at("l2_per_step").at("param");
    for (const Json& recorded : norms) {
      run.step();
      EXPECT_NEAR(norm(run.read("w0")), recorded.get<double>(), kTolerance * recorded.get<double>());
    }
    expect_summary(run.read("w0"), spec.at("params_end"), kTolerance);
    for (const std::string state : {"exp_avg", "exp_avg_sq"}) {
      const Codes codes = run.read<std::uint8_t>(state + "(w0)");
      EXPECT_LE(differing(codes, from_hex(spec.at(state + "_codes_hex"))), codes.size() / 100) << state;
      expect_scales(run.read(state + "_absmax(w0)"), spec.at(state + "_absmax"), 1e-5F);
    }
  }
}

}  // namespace
}  // namespace memsweep
