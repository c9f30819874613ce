#include "scenarios/optimizer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/optimizers/adamw.h"
#include "scenarios/optimizers/sgd.h"

namespace memsweep {
namespace {

template <typename Value>
using Named = std::pair<std::string_view, Value>;

constexpr std::array<Named<double OptimizerOptions::*>, 7> kNumbers{{
    {"lr", &OptimizerOptions::lr},
    {"weight_decay", &OptimizerOptions::weight_decay},
    {"momentum", &OptimizerOptions::momentum},
    {"dampening", &OptimizerOptions::dampening},
    {"beta1", &OptimizerOptions::beta1},
    {"beta2", &OptimizerOptions::beta2},
    {"eps", &OptimizerOptions::eps},
}};
constexpr std::array<Named<bool OptimizerOptions::*>, 2> kFlags{{
    {"nesterov", &OptimizerOptions::nesterov},
    {"amsgrad", &OptimizerOptions::amsgrad},
}};
constexpr std::array<Named<bool>, 2> kTruths{{{"true", true}, {"false", false}}};
constexpr std::array<Named<Implementation>, 3> kImplementations{{
    {"foreach", Implementation::foreach},
    {"for-loop", Implementation::for_loop},
    {"fused", Implementation::fused},
}};
constexpr std::string_view kImplementation = "implementation";

/// The value of that name in a table; null if there is none.
template <typename Table>
auto find(const Table& table, std::string_view name) -> const typename Table::value_type::second_type* {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == name; });
  return found == table.end() ? nullptr : &found->second;
}

template <typename Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& row : table) names.push_back(row.first);
  return names;
}

/// The value of that name; throws with a sentence if there is none.
template <typename Table>
auto choose(std::string_view what, const Table& table, std::string_view name) {
  const auto* value = find(table, name);
  if (value == nullptr) throw UsageError(unknown(what, name, names_of(table)));
  return *value;
}

double number(std::string_view key, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    throw UsageError(fmt::format("optimizer option {}={} needs a number of at least 0", key, text));
  }
  return value;
}

void set(OptimizerOptions& options, std::string_view key, std::string_view value) {
  if (const auto* member = find(kNumbers, key); member != nullptr) {
    options.*(*member) = number(key, value);
  } else if (const auto* flag = find(kFlags, key); flag != nullptr) {
    options.*(*flag) = choose(fmt::format("value of {}", key), kTruths, value);
  } else if (key == kImplementation) {
    options.implementation = choose(kImplementation, kImplementations, value);
  } else {
    auto known = names_of(kNumbers);
    for (std::string_view name : names_of(kFlags)) known.push_back(name);
    known.push_back(kImplementation);
    throw UsageError(unknown("optimizer option", key, known));
  }
}

/// "lr=0.1,momentum=0.9"
void set_all(OptimizerOptions& options, std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto item = text.substr(0, comma);
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) {
      throw UsageError(fmt::format("optimizer option '{}' is not of the form name=value", item));
    }
    set(options, item.substr(0, equals), item.substr(equals + 1));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
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
  std::vector<std::string_view> known;
  for (const Optimizer& row : optimizers()) {
    known.push_back(row.name);
    if (row.name != name) continue;
    ChosenOptimizer chosen{&row, row.defaults};
    if (colon != std::string_view::npos) set_all(chosen.options, text.substr(colon + 1));
    return chosen;
  }
  throw UsageError(unknown("optimizer", name, known));
}

}  // namespace memsweep
