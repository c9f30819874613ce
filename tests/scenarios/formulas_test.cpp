// Closed formulas of the literature against the programs that are built: what stands at rest for each
// parameter, and what a forward pass leaves for its backward pass. Bytes; where eager PyTorch differs from a
// formula that circulates, the test says why.
#include <string>

#include <gtest/gtest.h>

#include "harness/program/passes/unused_graph.h"
#include "scenarios/precision.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

std::int64_t bytes_of(const Program& program, BufferId id) {
  return static_cast<std::int64_t>(program.type(id).bytes());
}

TrainingOptions options_of(std::string model, std::string precision = "fp32", std::string optimizer = "sgd") {
  TrainingOptions options;
  options.model.spec = std::move(model);
  options.precision.name = std::move(precision);
  options.optimizer = std::move(optimizer);
  return options;
}

// At rest -------------------------------------------------------------------------------------------

// Widths of whole blocks of 256, so that no formula rounds.
const std::string kModel = "mlp:256-512-256";
constexpr std::int64_t kParameters = 256 * 512 + 512 + 512 * 256 + 256;

/// Weights, gradients and optimizer state together.
std::int64_t at_rest(const std::string& optimizer, const std::string& precision = "fp32") {
  const Program program = parse_training_step(options_of(kModel, precision, optimizer))(1);
  std::int64_t bytes = 0;
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    const Buffer& buffer = program.buffers[id];
    const bool kept = buffer.lifetime == Lifetime::for_ever &&
                      (buffer.category == Category::weight || buffer.category == Category::optimizer_state);
    if (kept) bytes += bytes_of(program, id);
  }
  for (const Parameter& p : program.parameters) bytes += bytes_of(program, p.gradient);
  return bytes;
}

struct AtRest {
  std::string optimizer, precision;
  std::int64_t bytes_per_parameter;
};

TEST(Formulas, WeightsGradientsAndStateTakeTheirBytesPerParameter) {
  for (const AtRest& one : {AtRest{"sgd", "fp32", 8},
                            {"momentum", "fp32", 12},
                            {"adagrad", "fp32", 12},
                            {"rmsprop", "fp32", 12},
                            {"rmsprop:momentum=0.9", "fp32", 16},
                            {"rmsprop:centered=true", "fp32", 16},
                            {"lion", "fp32", 12},
                            {"adam", "fp32", 16},
                            {"adamw", "fp32", 16},
                            {"nadam", "fp32", 16},
                            {"adamax", "fp32", 16},
                            {"adamw:amsgrad=true", "fp32", 20},
                            {"adamw", "tf32", 16},
                            {"adamw", "autocast-bf16", 16},
                            {"sgd", "bf16", 4},
                            {"momentum", "bf16", 6},
                            {"adamw", "bf16", 8},
                            {"adamw", "fp16", 8}}) {
    EXPECT_EQ(at_rest(one.optimizer, one.precision), one.bytes_per_parameter * kParameters)
        << one.optimizer << " " << one.precision;
  }
}

TEST(Formulas, MasterWeightsAddTheirF32CopyAndGradient) {
  // 2 (weights) + 4 (masters) + 4 (the gradient that the optimizer reads) + 8 (state): the optimizer's
  // gradient is f32 here, as with Megatron's main gradients; the 16-bit one is gone when it has been cast.
  EXPECT_EQ(at_rest("adamw", "master-bf16"), (2 + 4 + 4 + 8) * kParameters);
}

TEST(Formulas, AFusedStepCountIsAScalarForEachParameter) {
  EXPECT_EQ(at_rest("adamw:implementation=fused"), 16 * kParameters + 4 * 4);
}

TEST(Formulas, EightBitStateIsTwoCodesAValueAndTwoScalesABlock) {
  // bitsandbytes leaves tensors below 4096 values in f32; here all are encoded. Its two code books are
  // shared.
  const std::int64_t state = 2 * kParameters + 2 * 4 * (kParameters / 256) + 2 * 256 * 4;
  EXPECT_EQ(at_rest("adam8bit"), 8 * kParameters + state);
}

TEST(Formulas, AdafactorKeepsARowAndAColumnOfEachMatrix) {
  const std::int64_t state = 4 * ((512 + 256) + 512 + (256 + 512) + 256);
  EXPECT_EQ(at_rest("adafactor"), 8 * kParameters + state);
}

// After the forward pass ------------------------------------------------------------------------------

/// What the graph holds besides weights.
std::int64_t retained(const TrainingOptions& options, std::int64_t batch) {
  const TrainingStep step = parse_training_step(options);
  const Program program = keep_graph(step.precision(step.forward(batch, {})));
  std::int64_t bytes = 0;
  for (BufferId id : program.saved_by_loss) bytes += bytes_of(program, id);
  return bytes;
}

TEST(Formulas, AnMlpRetainsItsInputAndWhatEachActivationSaves) {
  constexpr std::int64_t kBatch = 32, kInput = 128, kHidden = 3 * 256, kClasses = 10, kSize = 4;
  constexpr std::int64_t kLoss =
      kSize * kBatch * kClasses + 8 * kBatch + 4;  // log-softmax, target, total weight
  constexpr std::int64_t kMask = kBatch * kHidden, kStatistics = 3 * 8 * kBatch;
  const auto mlp = [](const std::string& activation, double dropout = 0, bool layer_norm = false) {
    TrainingOptions options = options_of("sequential:128-256x3-10");
    options.model.activation = activation;
    options.model.dropout = dropout;
    options.model.layer_norm = layer_norm;
    return retained(options, kBatch);
  };
  for (const std::string activation : {"relu", "relu_inplace", "tanh", "sigmoid", "identity"})
    EXPECT_EQ(mlp(activation), kSize * kBatch * (kInput + kHidden) + kLoss) << activation;
  EXPECT_EQ(mlp("relu"), 116'228) << "measured";
  for (const std::string activation : {"gelu", "gelu_tanh", "silu"})
    EXPECT_EQ(mlp(activation), kSize * kBatch * (kInput + 2 * kHidden) + kLoss) << activation;
  EXPECT_EQ(mlp("gelu"), 214'532) << "measured";
  EXPECT_EQ(mlp("relu", 0.1), kSize * kBatch * (kInput + 2 * kHidden) + kMask + kLoss);
  EXPECT_EQ(mlp("gelu", 0.1), kSize * kBatch * (kInput + 2 * kHidden) + kMask + kLoss);
  EXPECT_EQ(mlp("relu", 0, true), kSize * kBatch * (kInput + 2 * kHidden) + kStatistics + kLoss);
  TrainingOptions batch_norms = options_of("sequential:128-256x3-10");
  batch_norms.model.batch_norm = true;  // two statistics a channel, whatever the batch
  EXPECT_EQ(retained(batch_norms, kBatch), kSize * kBatch * (kInput + 2 * kHidden) + 8 * kHidden + kLoss);
}

struct Transformer {
  std::int64_t s = 64, b = 2, h = 64, a = 4;  // length, batch, width, heads
  [[nodiscard]] std::int64_t sbh() const { return s * b * h; }
  [[nodiscard]] std::int64_t as2b() const { return a * s * s * b; }
  [[nodiscard]] std::int64_t sb() const { return s * b; }
};

/// Of one transformer block: two models differ by it.
std::int64_t retained_by_block(const Transformer& t, const std::string& attention,
                               const std::string& precision, double dropout) {
  const auto with_layers = [&](int layers) {
    TrainingOptions options =
        options_of("gpt:layers=" + std::to_string(layers) + ",width=" + std::to_string(t.h) +
                       ",heads=" + std::to_string(t.a) + ",context=" + std::to_string(t.s) +
                       ",vocab=50,attention=" + attention,
                   precision);
    options.model.dropout = dropout;
    return retained(options, t.b);
  };
  return with_layers(3) - with_layers(2);
}

// The statistics of two layer norms are f32 in every precision: 16 bytes a token, which 34sbh + 5as2b of
// arXiv 2205.05198 leaves out. The causal mask is a buffer of the module.
TEST(Formulas, ATransformerBlockRetainsTheLiteraturesTermsInF32) {
  const Transformer t;
  EXPECT_EQ(retained_by_block(t, "unfused", "fp32", 0.1), 66 * t.sbh() + 9 * t.as2b() + 16 * t.sb());
  EXPECT_EQ(retained_by_block(t, "unfused", "fp32", 0), 64 * t.sbh() + 4 * t.as2b() + 16 * t.sb());
}

TEST(Formulas, EfficientAttentionRetainsARowOfEachHeadInsteadOfItsSquare) {
  const Transformer t;
  const std::int64_t logsumexp = 4 * t.a * t.sb();  // 64 tokens: no row is rounded up
  constexpr std::int64_t kSeeds = 2 * 8;            // which PyTorch 2.15 keeps even without dropout
  EXPECT_EQ(retained_by_block(t, "efficient", "fp32", 0), 64 * t.sbh() + 16 * t.sb() + logsumexp + kSeeds);
}

TEST(Formulas, AConvolutionalStageRetainsItsInputTheNormsInputTheReluAndWhereTheLargestLay) {
  constexpr std::int64_t kBatch = 2, kArea = 8 * 8, kIn = 3, kOut = 16;
  const std::int64_t stage = 4 * kBatch * kArea * (kIn + 2 * kOut) + 8 * kBatch * kOut * kArea / 4  // indices
                             + 8 * kOut;  // mean and 1/deviation of each channel
  const std::int64_t head = 4 * kBatch * kOut * kArea / 4 + 4 * kBatch * 10 + 8 * kBatch + 4;
  EXPECT_EQ(retained(options_of("conv:channels=3-16,classes=10,size=8"), kBatch), stage + head);
}

// A ReLU in place and a sum in place leave nothing besides their operand, which the next convolution keeps
// anyway: two tensors a convolution, its input and its norm's.
TEST(Formulas, AResidualBlockRetainsTwoTensorsAConvolution) {
  const auto blocks = [](const std::string& count, std::int64_t batch) {
    return retained(options_of("resnet:blocks=" + count + ",width=16,stem=cifar,classes=10,size=8", "fp32"),
                    batch);
  };
  constexpr std::int64_t kTensor = 4 * 16 * 8 * 8, kStatistics = 2 * 8 * 16;
  for (const std::int64_t batch : {1, 2, 5})
    EXPECT_EQ(blocks("2", batch) - blocks("1", batch), 4 * batch * kTensor + kStatistics);
}

// Counted with PyTorch's saved_tensors_hooks on torchvision's model: 21,075,968 values an image, the indices
// of the pooling, two statistics of 26,560 channels, and the loss.
TEST(Formulas, Resnet50RetainsWhatTorchvisionsDoes) {
  for (const std::int64_t batch : {1, 2}) {
    const std::int64_t image = 4 * 21'075'968 + 1'605'632, loss = 4 * 1000 + 8;
    EXPECT_EQ(retained(options_of("resnet50"), batch), (image + loss) * batch + 8 * 26'560 + 4);
  }
}

}  // namespace
}  // namespace memsweep
