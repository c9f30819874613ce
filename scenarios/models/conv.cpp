#include "scenarios/models/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "scenarios/parts/batch_norm.h"
#include "scenarios/parts/images.h"
#include "scenarios/parts/layers.h"
#include "scenarios/parts/spec.h"

namespace memsweep {
namespace {

constexpr std::int64_t kKernel = 3;

struct ConvShape {
  std::vector<std::int64_t> channels{3, 64, 128};
  std::int64_t classes = 10;
  ImageSize size{32, 32};
  double momentum = kNormMomentum;
};

class Conv {
 public:
  Conv(const ConvShape& shape, const ModelOptions& options, const Activation& activation,
       Randomness randomness)
      : shape_(shape), options_(options), activation_(activation), builder_(randomness) {}

  Program build(std::int64_t batch) && {
    const auto most = *std::max_element(shape_.channels.begin(), shape_.channels.end());
    expect_countable("conv", batch, static_cast<double>(most * shape_.size.height * shape_.size.width));
    declare_parameters();
    BufferId x = builder_.input("x", {batch, shape_.channels.front(), shape_.size.height, shape_.size.width},
                                kImageScale);
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
    WeightAndBias convolution;
    BatchNorm norm;
  };

  /// In the order in which torch.nn.Module.to moves parameters and buffers.
  void declare_parameters() {
    auto [height, width] = shape_.size;
    for (std::size_t i = 0; i + 1 < shape_.channels.size(); ++i) {
      const std::int64_t in = shape_.channels[i], out = shape_.channels[i + 1];
      const std::string number = std::to_string(i + 1);
      const WeightAndBias convolution = layer_parameters(
          builder_, "conv" + number, {out, in, kKernel, kKernel}, options_.bias, options_.gain);
      stages_.push_back({number, convolution, batch_norm_parameters(builder_, "bn" + number, out)});
      height /= 2;
      width /= 2;
    }
    head_ = layer_parameters(builder_, "fc", {shape_.classes, shape_.channels.back() * height * width}, true,
                             options_.gain);
  }

  BufferId apply(const Stage& stage, BufferId x) {
    std::vector<BufferId> operands{x, stage.convolution.weight};
    if (stage.convolution.bias) operands.push_back(*stage.convolution.bias);
    x = builder_.apply("conv" + stage.number, Op::conv2d, std::move(operands), {1, 1});
    x = batch_norm(builder_, stage.norm, x, options_.evaluation, shape_.momentum);
    x = apply_activation(builder_, activation_, stage.number, x);
    return builder_.apply("pool" + stage.number, Op::max_pool, {x}, {2, 2, 0});
  }

  const ConvShape& shape_;
  const ModelOptions& options_;
  const Activation& activation_;
  Builder builder_;
  std::vector<Stage> stages_;
  WeightAndBias head_;
};

std::vector<std::int64_t> parse_channels(std::string_view text) {
  auto channels = parse_list("channels", text, kMaxChannels);
  if (channels.size() >= 2) return channels;
  throw UsageError(fmt::format("channels={} needs at least two numbers, the image's channels first", text));
}

ConvShape parse_shape(std::string_view text) {
  ConvShape shape;
  const std::vector<SpecOption> options{
      {"channels", [&shape](std::string_view value) { shape.channels = parse_channels(value); }},
      {"classes",
       [&shape](std::string_view value) { shape.classes = whole_number("classes", value, kMaxChannels); }},
      {"size", [&shape](std::string_view value) { shape.size = parse_image_size(value); }},
      {"momentum", [&shape](std::string_view value) { shape.momentum = parse_momentum(value); }},
  };
  read_spec("conv", text, options);
  return shape;
}

void check(const ConvShape& shape, const ModelOptions& options) {
  const std::size_t stages = shape.channels.size() - 1;
  const auto [height, width] = shape.size;
  if (stages >= 63 || std::min(height, width) >> stages == 0)
    throw UsageError(fmt::format("an image of {}x{} cannot be halved {} times", height, width, stages));
  if (options.dropout > 0) throw UsageError("conv has no dropout; leave --dropout out");
  if (options.layer_norm) throw UsageError("conv has batch norms; leave --layernorm out");
  if (options.batch_norm) throw UsageError("conv has its batch norms already; leave --batchnorm out");
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
