#include "scenarios/models/mlp.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "harness/base/errors.h"
#include "scenarios/parts/batch_norm.h"
#include "scenarios/parts/layers.h"

namespace memsweep {
namespace {

// Scale of the input: tests/golden/training/README.md.
constexpr float kInputScale = 2;

class Mlp {
 public:
  Mlp(const std::vector<std::int64_t>& widths, const ModelOptions& options, const Activation& activation,
      Blocks blocks, Randomness randomness)
      : widths_(widths), options_(options), activation_(activation), blocks_(blocks), builder_(randomness) {}

  Program build(std::int64_t batch) && {
    declare_parameters();
    const BufferId x = builder_.input("x", {batch, widths_.front()}, kInputScale);
    const BufferId target = builder_.target("target", {batch}, widths_.back());
    BufferId value = x;
    const std::size_t last = layers_.size() - 1;
    for (std::size_t i = 0; i < last; ++i) {
      builder_.begin_block(blocks_ == Blocks::modules ? std::optional(value) : std::nullopt);
      value = hidden(i, value);
      builder_.end_block();
    }
    builder_.cross_entropy(linear(builder_, fmt::format("{}.linear", last), layers_[last].linear, value),
                           target);
    return std::move(builder_).finish();
  }

 private:
  struct Layer {
    WeightAndBias linear;
    std::optional<WeightAndBias> layer_norm = {};
    std::optional<BatchNorm> batch_norm = {};
  };

  /// In the order of torch.nn.Sequential's parameters.
  void declare_parameters() {
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
      const std::string name = std::to_string(i);
      Layer layer{
          layer_parameters(builder_, name, {widths_[i + 1], widths_[i]}, options_.bias, options_.gain)};
      const bool last = i + 2 == widths_.size();
      if (options_.layer_norm && !last)
        layer.layer_norm = norm_parameters(builder_, name + ".norm", widths_[i + 1]);
      if (options_.batch_norm && !last)
        layer.batch_norm = batch_norm_parameters(builder_, name + ".norm", widths_[i + 1]);
      layers_.push_back(layer);
    }
  }

  BufferId hidden(std::size_t i, BufferId x) {
    const Layer& layer = layers_[i];
    x = linear(builder_, fmt::format("{}.linear", i), layer.linear, x);
    if (layer.layer_norm) {
      x = builder_.apply(fmt::format("{}.norm", i), Op::layer_norm,
                         {x, layer.layer_norm->weight, *layer.layer_norm->bias}, {kNormEpsilon});
    }
    if (layer.batch_norm) x = batch_norm(builder_, *layer.batch_norm, x, options_.evaluation);
    x = apply_activation(builder_, activation_, std::to_string(i), x);
    if (options_.dropout > 0) {
      x = builder_.dropout(fmt::format("{}.dropout", i), x, options_.dropout, static_cast<int>(i));
    }
    return x;
  }

  const std::vector<std::int64_t>& widths_;
  const ModelOptions& options_;
  const Activation& activation_;
  Blocks blocks_;
  Builder builder_;
  std::vector<Layer> layers_;
};

}  // namespace

std::vector<std::int64_t> parse_widths(std::string_view text, std::string_view model) {
  const auto fail = [&](std::string_view part) {
    throw UsageError(
        fmt::format("'{}' in {}:{} is no width; a width is a whole number from 1 to {}, "
                    "or one repeated, as in 256x24",
                    part, model, text, kMaxWidth));
  };
  std::vector<std::int64_t> widths;
  for (std::string_view rest = text;;) {
    const auto dash = rest.find('-');
    const auto part = rest.substr(0, dash);
    const auto times = part.find('x');
    const auto width = positive(part.substr(0, times), kMaxWidth);
    const auto count = times == std::string_view::npos ? 1 : positive(part.substr(times + 1), kMaxLayers);
    if (!width || !count || static_cast<std::int64_t>(widths.size()) + *count > kMaxLayers) fail(part);
    widths.insert(widths.end(), static_cast<std::size_t>(*count), *width);
    if (dash == std::string_view::npos) break;
    rest = rest.substr(dash + 1);
  }
  if (widths.size() < 2) {
    throw UsageError(
        fmt::format("{}:{} needs at least two widths, the input's and the number of classes", model, text));
  }
  return widths;
}

ForwardPass layers(std::string_view shape, const ModelOptions& options, Blocks blocks) {
  const std::string_view model = blocks == Blocks::flat ? "sequential" : "mlp";
  if (options.layer_norm && options.batch_norm)
    throw UsageError("a layer has one norm; give --layernorm or --batchnorm");
  return [widths = parse_widths(shape, model), options, &activation = activation_of(options.activation),
          blocks](std::int64_t batch, Randomness randomness) {
    return Mlp(widths, options, activation, blocks, randomness).build(batch);
  };
}

ForwardPass parse_mlp(std::string_view shape, const ModelOptions& options) {
  return layers(shape, options, Blocks::modules);
}

}  // namespace memsweep
