#include "kernels/generator.h"

#include <gtest/gtest.h>

#include "tests/golden.h"
#include "tests/json.h"
#include "tests/kernels/operands.h"

namespace memsweep {
namespace {

nlohmann::json recorded_samples() {
  return testing::read_json(testing::golden_root() / "training" / "generator.json").at("samples");
}

TEST(GeneratorGolden, EveryRecordedDrawIsReproduced) {
  const auto samples = recorded_samples();
  ASSERT_FALSE(samples.empty());
  for (const auto& sample : samples) {
    const Generator generator(sample.at("seed"), sample.at("id"));
    for (std::size_t i = 0; i < sample.at("u24").size(); ++i) {
      EXPECT_EQ(generator.u24(i), sample["u24"][i].get<std::uint32_t>()) << sample;
      EXPECT_EQ(generator.uniform(i), sample.at("uniform").at(i).get<float>()) << sample;
      EXPECT_EQ(generator.u24(i) % 10, sample.at("mod_10").at(i).get<std::uint32_t>()) << sample;
    }
  }
}

TEST(GeneratorGolden, TheOpsOfTheCpuDrawTheSame) {
  for (const auto& sample : recorded_samples()) {
    const auto uniform = sample.at("uniform").get<std::vector<float>>();
    const auto integers = sample.at("mod_10").get<std::vector<std::int64_t>>();
    const double seed = sample.at("seed"), id = sample.at("id");
    const Shape shape{static_cast<std::int64_t>(uniform.size())};
    const auto x = testing::run({Op::uniform, {seed, id, 0, 1, 0, 1, 0}, {}, {}, {{shape, DType::f32}}})[0];
    const auto y = testing::run({Op::integers, {seed, id, 0, 1, 0, 10}, {}, {}, {{shape, DType::i64}}})[0];
    EXPECT_TRUE(x.same_bits({shape, uniform})) << sample;
    EXPECT_TRUE(y.same_bits({shape, integers})) << sample;
  }
}

}  // namespace
}  // namespace memsweep
