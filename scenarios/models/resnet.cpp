#include "scenarios/models/resnet.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "scenarios/parts/batch_norm.h"
#include "scenarios/parts/images.h"
#include "scenarios/parts/layers.h"
#include "scenarios/parts/spec.h"

namespace memsweep {
namespace {

constexpr std::int64_t kColours = 3, kBottleneck = 4;

enum class Kind : std::uint8_t { basic, bottleneck };
enum class Stem : std::uint8_t { imagenet, cifar };

struct ResnetShape {
  std::vector<std::int64_t> blocks{2, 2, 2, 2};  // of each stage
  Kind kind = Kind::basic;
  std::int64_t width = 64;
  Stem stem = Stem::imagenet;
  std::int64_t classes = 1000;
  ImageSize size{224, 224};
  double momentum = kNormMomentum;

  /// Channels that the blocks of a stage pass on.
  [[nodiscard]] std::int64_t channels(std::size_t stage) const {
    return (width << stage) * (kind == Kind::bottleneck ? kBottleneck : 1);
  }
};

class Resnet {
 public:
  Resnet(const ResnetShape& shape, const ModelOptions& options, const Activation& activation,
         Randomness randomness)
      : shape_(shape), options_(options), activation_(activation), builder_(randomness) {}

  Program build(std::int64_t batch) && {
    const auto [height, width] = shape_.size;
    expect_countable("resnet", batch,
                     static_cast<double>(shape_.channels(shape_.blocks.size() - 1) * height * width));
    declare_parameters();
    BufferId x = builder_.input("x", {batch, kColours, height, width}, kImageScale);
    const BufferId target = builder_.target("target", {batch}, shape_.classes);
    x = stem(x);
    for (const auto& stage : stages_) {
      const BufferId input = x;
      for (const Block& block : stage) x = apply(block, x);
      builder_.release({input});  // the argument of the stage's nn.Sequential
    }
    x = builder_.apply("avgpool", Op::mean_places, {x});
    builder_.cross_entropy(linear(builder_, "fc", head_, x), target);
    return std::move(builder_).finish();
  }

 private:
  /// A convolution without a bias, and the batch norm behind it.
  struct Convolution {
    std::string name;
    BufferId weight;
    std::int64_t stride;
    BatchNorm norm;
  };

  struct Block {
    std::string name;
    std::vector<Convolution> main;
    std::optional<Convolution> downsample = {};
  };

  struct Size {
    std::int64_t in, out, kernel, stride = 1;
  };

  [[nodiscard]] Convolution declare(std::string name, const std::string& norm, Size size) {
    const Shape weight{size.out, size.in, size.kernel, size.kernel};
    const BufferId drawn = layer_parameters(builder_, name, weight, false, options_.gain).weight;
    return {std::move(name), drawn, size.stride, batch_norm_parameters(builder_, norm, size.out)};
  }

  /// In the order in which torch.nn.Module.to moves parameters and buffers.
  void declare_parameters() {
    const bool small = shape_.stem == Stem::cifar;
    stem_ =
        declare("conv1", "bn1", small ? Size{kColours, shape_.width, 3} : Size{kColours, shape_.width, 7, 2});
    std::int64_t in = shape_.width;
    for (std::size_t stage = 0; stage < shape_.blocks.size(); ++stage) {
      std::vector<Block> blocks;
      for (std::int64_t i = 0; i < shape_.blocks[stage]; ++i) {
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        blocks.push_back(declare_block(fmt::format("layer{}.{}", stage + 1, i), stage, in, stride));
        in = shape_.channels(stage);
      }
      stages_.push_back(std::move(blocks));
    }
    head_ = layer_parameters(builder_, "fc", {shape_.classes, in}, true, options_.gain);
  }

  [[nodiscard]] Block declare_block(const std::string& name, std::size_t stage, std::int64_t in,
                                    std::int64_t stride) {
    const std::int64_t width = shape_.width << stage, out = shape_.channels(stage);
    std::vector<Size> sizes{{in, width, 3, stride}, {width, out, 3}};
    if (shape_.kind == Kind::bottleneck) sizes = {{in, width, 1}, {width, width, 3, stride}, {width, out, 1}};
    Block block{name, {}};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      block.main.push_back(
          declare(fmt::format("{}.conv{}", name, i + 1), fmt::format("{}.bn{}", name, i + 1), sizes[i]));
    }
    if (stride != 1 || in != out)
      block.downsample = declare(name + ".downsample.0", name + ".downsample.1", {in, out, 1, stride});
    return block;
  }

  BufferId apply(const Convolution& layer, BufferId x) {
    const std::int64_t padding = builder_.shape(layer.weight)[3] / 2;
    x = builder_.apply(layer.name, Op::conv2d, {x, layer.weight},
                       {static_cast<double>(layer.stride), static_cast<double>(padding)});
    return batch_norm(builder_, layer.norm, x, options_.evaluation, shape_.momentum);
  }

  BufferId stem(BufferId x) {
    x = apply_activation(builder_, activation_, "stem", apply(*stem_, x));
    return shape_.stem == Stem::cifar ? x : builder_.apply("maxpool", Op::max_pool, {x}, {3, 2, 1});
  }

  BufferId apply(const Block& block, BufferId x) {
    builder_.begin_block(x);
    BufferId out = x;
    for (std::size_t i = 0; i < block.main.size(); ++i) {
      out = apply(block.main[i], out);
      if (i + 1 < block.main.size())
        out = apply_activation(builder_, activation_, fmt::format("{}.{}", block.name, i + 1), out);
    }
    const BufferId identity = block.downsample ? apply(*block.downsample, x) : x;
    builder_.apply_in_place(Op::add, {out, identity});
    out = apply_activation(builder_, activation_, block.name, out);
    if (block.downsample) builder_.release({identity});  // a variable of the block's code
    builder_.end_block();
    return out;
  }

  const ResnetShape& shape_;
  const ModelOptions& options_;
  const Activation& activation_;
  Builder builder_;
  std::optional<Convolution> stem_;
  std::vector<std::vector<Block>> stages_;
  WeightAndBias head_;
};

ResnetShape parse_shape(std::string_view text) {
  static constexpr std::array<std::string_view, 2> kKinds{"basic", "bottleneck"}, kStems{"imagenet", "cifar"};
  using Value = std::string_view;
  ResnetShape s;
  const std::vector<SpecOption> options{
      {"blocks", [&s](Value value) { s.blocks = parse_list("blocks", value, kMaxLayers); }},
      {"kind", [&s](Value value) { s.kind = static_cast<Kind>(one_of("kind", value, kKinds)); }},
      {"width", [&s](Value value) { s.width = whole_number("width", value, kMaxChannels); }},
      {"stem", [&s](Value value) { s.stem = static_cast<Stem>(one_of("stem", value, kStems)); }},
      {"classes", [&s](Value value) { s.classes = whole_number("classes", value, kMaxChannels); }},
      {"size", [&s](Value value) { s.size = parse_image_size(value); }},
      {"momentum", [&s](Value value) { s.momentum = parse_momentum(value); }},
  };
  read_spec("resnet", text, options);
  return s;
}

void check(const ResnetShape& shape, const ModelOptions& options) {
  const std::size_t stages = shape.blocks.size();
  if (stages > 16 || shape.channels(stages - 1) > kMaxChannels) {
    throw UsageError(
        fmt::format("{} stages double width={} beyond {} channels; take fewer or a smaller width", stages,
                    shape.width, kMaxChannels));
  }
  if (std::accumulate(shape.blocks.begin(), shape.blocks.end(), std::int64_t{0}) > kMaxLayers)
    throw UsageError(fmt::format("a resnet has at most {} blocks", kMaxLayers));
  if (options.dropout > 0) throw UsageError("resnet has no dropout; leave --dropout out");
  if (options.layer_norm) throw UsageError("resnet has batch norms; leave --layernorm out");
  if (options.batch_norm) throw UsageError("resnet has its batch norms already; leave --batchnorm out");
  if (!options.bias) throw UsageError("resnet's convolutions have no bias already; leave --no-bias out");
}

}  // namespace

ForwardPass parse_resnet(std::string_view text, const ModelOptions& options) {
  const ResnetShape shape = parse_shape(text);
  check(shape, options);
  return [shape, options, &activation = activation_of(options.activation)](std::int64_t batch,
                                                                           Randomness randomness) {
    return Resnet(shape, options, activation, randomness).build(batch);
  };
}

}  // namespace memsweep
