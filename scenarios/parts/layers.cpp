#include "scenarios/parts/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

constexpr std::array kActivations{
    Activation{"relu", Op::relu},       Activation{"relu_inplace", Op::relu, true},
    Activation{"gelu", Op::gelu},       Activation{"gelu_tanh", Op::gelu_tanh},
    Activation{"tanh", Op::tanh},       Activation{"silu", Op::silu},
    Activation{"sigmoid", Op::sigmoid}, Activation{"identity", std::nullopt},
};

}  // namespace

void expect_countable(std::string_view model, std::int64_t batch, double values) {
  constexpr double kMost = 1e18;
  if (values * static_cast<double>(batch) > kMost)
    throw UsageError(
        fmt::format("a batch of {} of this {} has more values than can be counted", batch, model));
}

std::span<const std::string_view> activation_names() {
  static const auto names = [] {
    std::array<std::string_view, kActivations.size()> list;
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = kActivations[i].name;
    return list;
  }();
  return names;
}

const Activation& activation_of(std::string_view name) {
  const auto found = std::find_if(kActivations.begin(), kActivations.end(),
                                  [name](const Activation& activation) { return activation.name == name; });
  if (found == kActivations.end()) throw UsageError(unknown("activation", name, activation_names()));
  return *found;
}

BufferId apply_activation(Builder& builder, const Activation& activation, std::string_view layer,
                          BufferId x) {
  if (!activation.op) return x;
  if (activation.in_place) return builder.apply_in_place(*activation.op, {x});
  return builder.apply(fmt::format("{}.{}", layer, activation.name), *activation.op, {x});
}

WeightAndBias layer_parameters(Builder& builder, const std::string& name, Shape weight, bool bias,
                               double gain) {
  const double root = std::sqrt(static_cast<double>(weight.flat()));
  WeightAndBias layer{builder.parameter(name + ".weight", weight, static_cast<float>(gain / root))};
  if (bias) layer.bias = builder.parameter(name + ".bias", {weight[0]}, static_cast<float>(1 / root));
  return layer;
}

WeightAndBias norm_parameters(Builder& builder, const std::string& name, std::int64_t width) {
  const BufferId weight = builder.parameter(name + ".weight", {width}, kNormScale, 1);
  return {weight, builder.parameter(name + ".bias", {width}, kNormScale)};
}

BufferId linear(Builder& builder, std::string name, const WeightAndBias& layer, BufferId x) {
  if (layer.bias) return builder.apply(std::move(name), Op::addmm, {x, layer.weight, *layer.bias});
  return builder.apply(std::move(name), Op::mm, {x, layer.weight}, {0, 1});
}

BufferId embedding(Builder& builder, std::string name, const Lookup& lookup, std::int64_t indices,
                   PytorchRelease release) {
  const double all_bits = release == PytorchRelease::v2_15 ? 0 : 1;
  return builder.apply(std::move(name), Op::embedding, {lookup.table, lookup.ids},
                       {static_cast<double>(indices), all_bits});
}

std::optional<std::int64_t> positive(std::string_view text, std::int64_t limit) {
  const auto value = parse_number<std::int64_t>(text);
  return value && *value >= 1 && *value <= limit ? value : std::nullopt;
}

}  // namespace memsweep
