#include "scenarios/models/mlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

// Deviations of the layer norm's weights, scale of the input, the norm's epsilon:
// tests/golden/training/README.md.
constexpr float kNormScale = 0.25F, kInputScale = 2;
constexpr double kNormEpsilon = 1e-5;

struct Activation {
  std::string_view name;
  std::optional<Op> op;
  bool in_place = false;
};

constexpr std::array kActivations{
    Activation{"relu", Op::relu},       Activation{"relu_inplace", Op::relu, true},
    Activation{"gelu", Op::gelu},       Activation{"gelu_tanh", Op::gelu_tanh},
    Activation{"tanh", Op::tanh},       Activation{"silu", Op::silu},
    Activation{"sigmoid", Op::sigmoid}, Activation{"identity", std::nullopt},
};

const Activation& activation_of(std::string_view name) {
  const auto found = std::find_if(kActivations.begin(), kActivations.end(),
                                  [name](const Activation& activation) { return activation.name == name; });
  if (found == kActivations.end()) throw UsageError(unknown("activation", name, activation_names()));
  return *found;
}

/// A whole positive number up to `limit`, or nothing.
std::optional<std::int64_t> positive(std::string_view text, std::int64_t limit) {
  const auto value = parse_number<std::int64_t>(text);
  return value && *value >= 1 && *value <= limit ? value : std::nullopt;
}

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
    builder_.cross_entropy(linear(last, value), target);
    return std::move(builder_).finish();
  }

 private:
  struct Layer {
    BufferId weight, bias, norm_weight, norm_bias;
  };

  /// In the order of torch.nn.Sequential's parameters.
  void declare_parameters() {
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
      const std::int64_t in = widths_[i], out = widths_[i + 1];
      const double root = std::sqrt(static_cast<double>(in));
      Layer layer{};
      layer.weight = builder_.parameter(fmt::format("{}.weight", i), {out, in},
                                        static_cast<float>(options_.gain / root));
      if (options_.bias) {
        layer.bias = builder_.parameter(fmt::format("{}.bias", i), {out}, static_cast<float>(1 / root));
      }
      if (options_.layer_norm && i + 2 < widths_.size()) {
        layer.norm_weight = builder_.parameter(fmt::format("{}.norm.weight", i), {out}, kNormScale, 1);
        layer.norm_bias = builder_.parameter(fmt::format("{}.norm.bias", i), {out}, kNormScale);
      }
      layers_.push_back(layer);
    }
  }

  BufferId linear(std::size_t i, BufferId x) {
    const Layer& layer = layers_[i];
    auto name = fmt::format("{}.linear", i);
    if (options_.bias) return builder_.apply(std::move(name), Op::addmm, {x, layer.weight, layer.bias});
    return builder_.apply(std::move(name), Op::mm, {x, layer.weight}, {0, 1});
  }

  BufferId hidden(std::size_t i, BufferId x) {
    x = linear(i, x);
    if (options_.layer_norm) {
      x = builder_.apply(fmt::format("{}.norm", i), Op::layer_norm,
                         {x, layers_[i].norm_weight, layers_[i].norm_bias}, {kNormEpsilon});
    }
    if (activation_.op && activation_.in_place) {
      x = builder_.apply_in_place(*activation_.op, x);
    } else if (activation_.op) {
      x = builder_.apply(fmt::format("{}.{}", i, activation_.name), *activation_.op, {x});
    }
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

std::span<const std::string_view> activation_names() {
  static const auto names = [] {
    std::array<std::string_view, kActivations.size()> list;
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = kActivations[i].name;
    return list;
  }();
  return names;
}

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
  return [widths = parse_widths(shape, model), options, &activation = activation_of(options.activation),
          blocks](std::int64_t batch, Randomness randomness) {
    return Mlp(widths, options, activation, blocks, randomness).build(batch);
  };
}

ForwardPass parse_mlp(std::string_view shape, const ModelOptions& options) {
  return layers(shape, options, Blocks::modules);
}

}  // namespace memsweep
