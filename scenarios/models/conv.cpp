#include "scenarios/models/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "scenarios/parts/layers.h"
#include "scenarios/parts/spec.h"

namespace memsweep {
namespace {

constexpr float kInputScale = 1;  // tests/golden/training/README.md
constexpr std::int64_t kMaxSize = 1 << 12, kMaxChannels = 1 << 16, kKernel = 3;

struct ConvShape {
  std::vector<std::int64_t> channels{3, 64, 128};
  std::int64_t classes = 10, height = 32, width = 32;
  double momentum = 0.1;
};

class Conv {
 public:
  Conv(const ConvShape& shape, const ModelOptions& options, const Activation& activation,
       Randomness randomness)
      : shape_(shape), options_(options), activation_(activation), builder_(randomness) {}

  Program build(std::int64_t batch) && {
    const auto most = *std::max_element(shape_.channels.begin(), shape_.channels.end());
    expect_countable("conv", batch, static_cast<double>(most * shape_.height * shape_.width));
    declare_parameters();
    BufferId x =
        builder_.input("x", {batch, shape_.channels.front(), shape_.height, shape_.width}, kInputScale);
    const BufferId target = builder_.target("target", {batch}, shape_.classes);
    for (const Stage& stage : stages_) {
      builder_.begin_block(x);
      x = apply(stage, x);
      builder_.end_block();
    }
    builder_.cross_entropy(linear(builder_, "fc", head_, x), target);
    return std::move(builder_).finish();
  }

 private:
  struct Stage {
    std::string number;
    WeightAndBias convolution, norm;
    BufferId mean, variance, steps;  // running statistics, and of how many steps
  };

  /// In the order in which torch.nn.Module.to moves parameters and buffers.
  void declare_parameters() {
    std::int64_t height = shape_.height, width = shape_.width;
    for (std::size_t i = 0; i + 1 < shape_.channels.size(); ++i) {
      const std::int64_t in = shape_.channels[i], out = shape_.channels[i + 1];
      const std::string number = std::to_string(i + 1), norm = "bn" + number;
      Stage stage{number, {}, {}, 0, 0, 0};
      stage.convolution = layer_parameters(builder_, "conv" + number, {out, in, kKernel, kKernel},
                                           options_.bias, options_.gain);
      stage.norm = norm_parameters(builder_, norm, out);
      const TensorType per_channel{{out}, DType::f32};
      stage.mean = builder_.constant(norm + ".running_mean", per_channel, Op::fill, {0});
      stage.variance = builder_.constant(norm + ".running_var", per_channel, Op::fill, {1});
      stage.steps = builder_.constant(norm + ".num_batches_tracked", {{}, DType::i64}, Op::positions);
      stages_.push_back(stage);
      height /= 2;
      width /= 2;
    }
    head_ = layer_parameters(builder_, "fc", {shape_.classes, shape_.channels.back() * height * width}, true,
                             options_.gain);
  }

  BufferId apply(const Stage& stage, BufferId x) {
    std::vector<BufferId> operands{x, stage.convolution.weight};
    if (stage.convolution.bias) operands.push_back(*stage.convolution.bias);
    x = builder_.apply("conv" + stage.number, Op::conv2d, std::move(operands));
    x = builder_
            .apply_updating("bn" + stage.number, Op::batch_norm,
                            {x, stage.norm.weight, *stage.norm.bias, stage.mean, stage.variance, stage.steps},
                            3, {kNormEpsilon, shape_.momentum})
            .front();
    x = apply_activation(builder_, activation_, stage.number, x);
    return builder_.apply("pool" + stage.number, Op::max_pool, {x});
  }

  const ConvShape& shape_;
  const ModelOptions& options_;
  const Activation& activation_;
  Builder builder_;
  std::vector<Stage> stages_;
  WeightAndBias head_;
};

std::vector<std::int64_t> parse_channels(std::string_view text) {
  std::vector<std::int64_t> channels;
  for (std::string_view rest = text;;) {
    const auto dash = rest.find('-');
    channels.push_back(whole_number("channels", rest.substr(0, dash), kMaxChannels));
    if (dash == std::string_view::npos) break;
    rest.remove_prefix(dash + 1);
  }
  if (channels.size() < 2) {
    throw UsageError(fmt::format("channels={} needs at least two numbers, the image's channels first", text));
  }
  return channels;
}

/// "32", or "32x48".
void read_size(std::string_view text, ConvShape& shape) {
  const auto times = text.find('x');
  shape.height = whole_number("size", text.substr(0, times), kMaxSize);
  shape.width =
      times == std::string_view::npos ? shape.height : whole_number("size", text.substr(times + 1), kMaxSize);
}

double parse_momentum(std::string_view text) {
  const auto value = parse_number<double>(text);
  if (value && *value > 0 && *value <= 1) return *value;
  throw UsageError(fmt::format("momentum={} needs a number above 0, at most 1", text));
}

ConvShape parse_shape(std::string_view text) {
  ConvShape shape;
  const std::vector<SpecOption> options{
      {"channels", [&shape](std::string_view value) { shape.channels = parse_channels(value); }},
      {"classes",
       [&shape](std::string_view value) { shape.classes = whole_number("classes", value, kMaxChannels); }},
      {"size", [&shape](std::string_view value) { read_size(value, shape); }},
      {"momentum", [&shape](std::string_view value) { shape.momentum = parse_momentum(value); }},
  };
  read_spec("conv", text, options);
  return shape;
}

void check(const ConvShape& shape, const ModelOptions& options) {
  const std::size_t stages = shape.channels.size() - 1;
  if (stages >= 63 || std::min(shape.height, shape.width) >> stages == 0) {
    throw UsageError(
        fmt::format("an image of {}x{} cannot be halved {} times", shape.height, shape.width, stages));
  }
  if (options.dropout > 0) throw UsageError("conv has no dropout; leave --dropout out");
  if (options.layer_norm) throw UsageError("conv has batch norms; leave --layernorm out");
}

}  // namespace

ForwardPass parse_conv(std::string_view text, const ModelOptions& options) {
  const ConvShape shape = parse_shape(text);
  check(shape, options);
  return [shape, options, &activation = activation_of(options.activation)](std::int64_t batch,
                                                                           Randomness randomness) {
    return Conv(shape, options, activation, randomness).build(batch);
  };
}

}  // namespace memsweep
