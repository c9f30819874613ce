// The models beyond the MLP: what their shapes say, and that their gradients are those of their losses.

#include "scenarios/model.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/device/device.h"
#include "harness/sweep/trial.h"
#include "scenarios/training_step.h"
#include "tests/finite_differences.h"

namespace memsweep {
namespace {

ModelOptions options(const std::string& spec) {
  ModelOptions options;
  options.spec = spec;
  return options;
}

Program forward(const ModelOptions& options, std::int64_t batch) {
  return parse_model(options)(batch, {.seed = 3, .batches = 1});
}

std::int64_t elements_of_parameters(const Program& program) {
  std::int64_t sum = 0;
  for (const Parameter& parameter : program.parameters)
    sum += program.type(parameter.weight).shape.elements();
  return sum;
}

constexpr const char* kSmallGpt = "gpt:layers=2,width=8,heads=2,context=5,length=4,vocab=7,attention=";

TEST(Models, GradientsOfEveryAttentionAreThoseOfTheLoss) {
  for (const char* attention : {"unfused", "math", "efficient"}) {
    for (const char* tied : {"true", "false"}) {
      for (const std::int64_t batch : {1, 2}) {
        for (const double dropout : {0.0, 0.25}) {
          SCOPED_TRACE(::testing::Message()
                       << attention << " tied=" << tied << " batch " << batch << " dropout " << dropout);
          ModelOptions model = options(std::string(kSmallGpt) + attention + ",tied=" + tied);
          model.dropout = dropout;
          model.gain = 1;
          testing::expect_true_gradients(forward(model, batch), 5);
        }
      }
    }
  }
}

TEST(Models, GradientsOfOneHeadAndOfOneTokenAreThoseOfTheLoss) {
  for (const char* attention : {"unfused", "math", "efficient"}) {
    for (const char* shape : {"heads=1,length=3", "heads=2,length=1", "heads=1,length=1"}) {
      SCOPED_TRACE(std::string(attention) + " " + shape);
      ModelOptions model =
          options(std::string("gpt:layers=1,width=8,context=3,vocab=5,attention=") + attention + "," + shape);
      model.gain = 1;
      testing::expect_true_gradients(forward(model, 2), 5);
    }
  }
}

float last_loss(const ModelOptions& model, const std::string& recompute, std::int64_t batch,
                bool reentrant = false, const std::string& precision = "fp32") {
  TrainingOptions training;
  training.model = model;
  training.optimizer = "adamw:lr=0.01";
  training.precision.name = precision;
  training.recompute = {recompute};
  training.reentrant = reentrant;
  const TrainingStep step = parse_training_step(training);
  const auto device = make_cpu(64_MiB);
  return run_trial(*device, device->memory(), Schedule(step(batch)), {}).loss.value();
}

TEST(Models, EveryAttentionTrainsTheSame) {
  for (const double dropout : {0.0, 0.2}) {
    ModelOptions model = options(std::string(kSmallGpt) + "unfused");
    model.dropout = dropout;
    const float unfused = last_loss(model, "none", 3);
    for (const char* attention : {"math", "efficient"}) {
      model.spec = std::string(kSmallGpt) + attention;
      EXPECT_NEAR(last_loss(model, "none", 3), unfused, 2e-5) << attention << " dropout " << dropout;
    }
  }
}

TEST(Models, RecomputingBlocksTrainsTheSameToTheBit) {
  for (const char* spec : {"gpt:layers=4,width=16,heads=2,context=4,vocab=7",
                           "gpt:layers=4,width=16,heads=2,context=4,vocab=7,attention=math",
                           "gpt:layers=4,width=16,heads=2,context=4,vocab=7,attention=efficient",
                           "conv:channels=2-3-3-4,classes=3,size=8"}) {
    ModelOptions model = options(spec);
    if (model.spec.starts_with("gpt")) model.dropout = 0.2;
    for (const char* precision : {"fp32", "autocast-bf16"}) {
      const float plain = last_loss(model, "none", 4, false, precision);
      for (const char* policy : {"every:1", "sqrt", "segments:2", "selective"})
        EXPECT_EQ(last_loss(model, policy, 4, false, precision), plain) << spec << " " << policy;
      for (const char* policy : {"every:1", "segments:2"})
        EXPECT_EQ(last_loss(model, policy, 4, true, precision), plain) << spec << " reentrant " << policy;
    }
  }
}

TEST(Models, Gpt2SmallHasItsPublishedSize) {
  EXPECT_EQ(elements_of_parameters(forward(options("gpt2-small"), 1)), 124'439'808);
}

TEST(Models, PresetsAreShapesWithAName) {
  for (const Preset& preset : presets()) {
    const Program named = forward(options(std::string(preset.name)), 1);
    const Program spelled = forward(options(std::string(preset.spec)), 1);
    EXPECT_EQ(print(named), print(spelled)) << preset.name;
  }
}

TEST(Models, HaveTheirOwnActivationUnlessOneIsAskedFor) {
  ModelOptions model = options("gpt-tiny");
  EXPECT_EQ(activation_name(model), "gelu");
  EXPECT_EQ(activation_name(options("mlp:4-4")), "relu");
  EXPECT_EQ(activation_name(options("conv-tiny")), "relu");
  model.activation = "silu";
  EXPECT_EQ(activation_name(model), "silu");
}

struct Refused {
  const char* spec;
  const char* sentence;
};

TEST(Models, RefuseShapesThatMakeNoSense) {
  for (const auto& [spec, sentence] : {
           Refused{"gpt:width=10,heads=4", "width=10 cannot be divided among heads=4"},
           Refused{"gpt:context=8,length=9", "length=9 is more than context=8"},
           Refused{"gpt:width=12,heads=2,attention=efficient",
                   "attention=efficient needs heads of a multiple of 4 values, not 6"},
           Refused{"gpt:attention=flash", "attention=flash has a kernel for bf16 and fp16 only"},
           Refused{"gpt:layers=0", "layers=0 needs a whole number from 1 to 100000"},
           Refused{"gpt:layers=", "layers= needs a whole number from 1 to 100000"},
           Refused{"gpt:layers=2,layers=3", "option layers of gpt is given twice"},
           Refused{"gpt:layers", "option 'layers' of gpt is not of the form name=value"},
           Refused{"gpt:layer=2", "there is no option of gpt 'layer'; did you mean 'layers'?"},
           Refused{"gpt:tied=maybe", "there is no value of tied 'maybe'; known are: false, true"},
           Refused{"gpt:attention=flush", "there is no value of attention 'flush'"},
           Refused{"gpt:layers=2,", "there is no option of gpt ''"},
           Refused{"gpt:,", "there is no option of gpt ''"},
           Refused{"conv:channels=3", "channels=3 needs at least two numbers, the image's channels first"},
           Refused{"conv:channels=3--4", "channels= needs a whole number from 1 to"},
           Refused{"conv:channels=3-4-5,size=3", "an image of 3x3 cannot be halved 2 times"},
           Refused{"conv:size=4x", "size= needs a whole number from 1 to 4096"},
           Refused{"conv:momentum=0", "momentum=0 needs a number above 0, at most 1"},
           Refused{"gpt", "model 'gpt' lacks its shape; write gpt:layers=12"},
           Refused{"gtp:layers=2", "there is no model 'gtp'"},
       }) {
    try {
      static_cast<void>(parse_model(options(spec)));
      ADD_FAILURE() << spec << " is accepted";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(sentence), std::string::npos) << spec << ": " << error.what();
    }
  }
}

TEST(Models, RefuseABatchWhoseBytesCannotBeCounted) {
  const ForwardPass pass = parse_model(options("gpt:context=1000000,width=65536,heads=65536,layers=1"));
  EXPECT_THROW(static_cast<void>(pass(1'000'000, {})), UsageError);
}

TEST(Models, RefuseOptionsThatTheyHaveNoUseFor) {
  ModelOptions gpt = options("gpt-tiny"), conv = options("conv-tiny"), dropped = conv, gpt_batch = gpt,
               conv_batch = conv, two_norms = options("mlp:4-4-4");
  gpt.layer_norm = conv.layer_norm = two_norms.layer_norm = true;
  gpt_batch.batch_norm = conv_batch.batch_norm = two_norms.batch_norm = true;
  dropped.dropout = 0.1;
  for (const ModelOptions& model : {gpt, conv, dropped, gpt_batch, conv_batch, two_norms})
    EXPECT_THROW(static_cast<void>(parse_model(model)), UsageError) << model.spec;
}

}  // namespace
}  // namespace memsweep
