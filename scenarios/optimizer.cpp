#include "scenarios/optimizer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "harness/base/errors.h"
#include "scenarios/optimizers/adamw.h"
#include "scenarios/optimizers/sgd.h"

namespace memsweep {
namespace {

double number(std::string_view key, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    throw UsageError(fmt::format("optimizer option {}={} needs a number of at least 0", key, text));
  }
  return value;
}

bool truth(std::string_view key, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  throw UsageError(fmt::format("optimizer option {}={} needs true or false", key, text));
}

Implementation implementation(std::string_view text) {
  if (text == "foreach") return Implementation::foreach;
  if (text == "for-loop") return Implementation::for_loop;
  if (text == "fused") return Implementation::fused;
  throw UsageError(fmt::format("there is no implementation '{}'; known are: foreach, for-loop, fused", text));
}

void set(OptimizerOptions& options, std::string_view key, std::string_view value) {
  if (key == "lr")
    options.lr = number(key, value);
  else if (key == "weight_decay")
    options.weight_decay = number(key, value);
  else if (key == "momentum")
    options.momentum = number(key, value);
  else if (key == "dampening")
    options.dampening = number(key, value);
  else if (key == "nesterov")
    options.nesterov = truth(key, value);
  else if (key == "beta1")
    options.beta1 = number(key, value);
  else if (key == "beta2")
    options.beta2 = number(key, value);
  else if (key == "eps")
    options.eps = number(key, value);
  else if (key == "amsgrad")
    options.amsgrad = truth(key, value);
  else if (key == "implementation")
    options.implementation = implementation(value);
  else {
    throw UsageError(
        fmt::format("there is no optimizer option '{}'; known are: lr, weight_decay, momentum, "
                    "dampening, nesterov, beta1, beta2, eps, amsgrad, implementation",
                    key));
  }
}

}  // namespace

std::span<const Optimizer> optimizers() {
  static constexpr std::array kOptimizers{
      Optimizer{"sgd", "plain gradient descent, no state", {}, append_sgd},
      Optimizer{
          "momentum", "SGD with momentum 0.9: one more copy of the weights", {.momentum = 0.9}, append_sgd},
      Optimizer{"adamw", "AdamW: two more copies of the weights", {.weight_decay = 0.01}, append_adamw},
  };
  return kOptimizers;
}

ChosenOptimizer parse_optimizer(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  std::string known;
  for (const Optimizer& row : optimizers()) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
    if (row.name != name) continue;
    ChosenOptimizer chosen{&row, row.defaults};
    for (auto rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
         !rest.empty();) {
      const auto comma = rest.find(',');
      const auto item = rest.substr(0, comma);
      const auto equals = item.find('=');
      if (equals == std::string_view::npos) {
        throw UsageError(fmt::format("optimizer option '{}' is not of the form name=value", item));
      }
      set(chosen.options, item.substr(0, equals), item.substr(equals + 1));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return chosen;
  }
  throw UsageError(fmt::format("there is no optimizer '{}'; known are: {}", name, known));
}

}  // namespace memsweep
