// Transformers in 16 bit, under each attention: they train nearly as in f32, recomputed to the same bits, and
// what PyTorch has no kernel for is refused.

#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/device/device.h"
#include "harness/sweep/trial.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

constexpr const char* kAttentions[] = {"unfused", "math", "efficient", "flash"};
constexpr const char* kPrecisions[] = {"bf16",        "fp16",          "master-bf16",
                                       "master-fp16", "autocast-bf16", "autocast-fp16"};
constexpr const char* kPureAndAutocast[] = {"bf16", "autocast-fp16"};

TrainingOptions options_of(const std::string& attention, const std::string& precision, double dropout) {
  TrainingOptions options;
  options.model.spec = "gpt:layers=3,width=32,heads=4,context=12,length=9,vocab=19,attention=" + attention;
  options.model.dropout = dropout;
  options.optimizer = "sgd:lr=0.1";
  options.precision.name = precision;
  return options;
}

TrialResult trained(Device& device, const TrainingOptions& options, const std::string& recompute = "none") {
  TrainingStep step = parse_training_step(options);
  step.recompute = recompute;
  return run_trial(device, device.memory(), Schedule(step(3)), {});
}

TEST(HalfTransformer, TrainsNearlyAsInF32UnderEachAttention) {
  const auto cpu = make_cpu(64_MiB);
  for (const double dropout : {0.0, 0.2}) {
    const float exact = trained(*cpu, options_of("unfused", "fp32", dropout)).loss.value();
    for (const char* precision : kPrecisions) {
      for (const char* attention : kAttentions) {
        const float loss = trained(*cpu, options_of(attention, precision, dropout)).loss.value();
        EXPECT_NEAR(loss, exact, 0.02 * exact) << attention << " " << precision << " " << dropout;
        EXPECT_NE(loss, exact) << attention << " " << precision << " " << dropout;
      }
    }
  }
}

TEST(HalfTransformer, RecomputationChangesNoBit) {
  const auto cpu = make_cpu(64_MiB);
  for (const char* precision : kPureAndAutocast) {
    for (const char* attention : kAttentions) {
      const TrainingOptions options = options_of(attention, precision, 0.2);
      const auto plain = trained(*cpu, options).result_hash;
      ASSERT_TRUE(plain.has_value());
      for (const char* policy : {"every:1", "segments:2"})
        EXPECT_EQ(trained(*cpu, options, policy).result_hash, plain)
            << attention << " " << precision << " " << policy;
    }
  }
}

TEST(HalfTransformer, TheCastCacheChangesNoValue) {
  const auto cpu = make_cpu(64_MiB);
  for (const char* attention : kAttentions) {
    TrainingOptions options = options_of(attention, "autocast-bf16", 0.2);
    const auto with = trained(*cpu, options).result_hash;
    options.precision.cast_cache = false;
    EXPECT_EQ(trained(*cpu, options).result_hash, with) << attention;
  }
}

TEST(HalfTransformer, CpuAndSimTakeTheSameBytes) {
  const auto cpu = make_cpu(64_MiB), sim = make_sim(find_profile("cpu"));
  const auto peaks = [](const TrialResult& result) {
    return std::tuple(result.peak.requested, result.peak.allocated, result.peak.reserved);
  };
  for (const char* precision : kPureAndAutocast) {
    for (const char* attention : kAttentions) {
      const TrainingOptions options = options_of(attention, precision, 0.2);
      EXPECT_EQ(peaks(trained(*cpu, options)), peaks(trained(*sim, options)))
          << attention << " " << precision;
    }
  }
}

TEST(HalfTransformer, RefusesHeadsThatPytorchHasNoKernelFor) {
  for (const auto& [shape, sentence] : {
           std::pair{"width=24,heads=2,attention=flash",
                     "attention=flash needs heads of a multiple of 8 values, not 12"},
           std::pair{"width=24,heads=2,attention=efficient",
                     "attention=efficient needs heads of a multiple of 8 values, not 12"},
           std::pair{"width=264,heads=1,attention=flash",
                     "attention=flash needs heads of at most 256 values, not 264"},
       }) {
    TrainingOptions options = options_of("unfused", "autocast-bf16", 0);
    options.model.spec = std::string("gpt:") + shape;
    try {
      static_cast<void>(parse_training_step(options));
      ADD_FAILURE() << shape << " is accepted";
    } catch (const UsageError& error) {
      EXPECT_STREQ(error.what(), sentence);
    }
  }
}

}  // namespace
}  // namespace memsweep
