#include "scenarios/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"
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

constexpr std::array<std::string_view, 6> kOptionsOfSgd{"lr",        "weight_decay", "momentum",
                                                        "dampening", "nesterov",     kImplementation};
constexpr std::array<std::string_view, 7> kOptionsOfAdamw{"lr",  "weight_decay", "beta1",        "beta2",
                                                          "eps", "amsgrad",      kImplementation};

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
  const auto value = parse_number<double>(text);
  if (!value || !std::isfinite(*value) || *value < 0) {
    throw UsageError(fmt::format("optimizer option {}={} needs a number of at least 0", key, text));
  }
  return *value;
}

void set(OptimizerOptions& options, std::string_view key, std::string_view value) {
  if (const auto* member = find(kNumbers, key); member != nullptr) {
    options.*(*member) = number(key, value);
  } else if (const auto* flag = find(kFlags, key); flag != nullptr) {
    options.*(*flag) = choose(fmt::format("value of {}", key), kTruths, value);
  } else {
    options.implementation = choose(kImplementation, kImplementations, value);
  }
}

/// "lr=0.1"
void set_item(ChosenOptimizer& chosen, std::string_view item) {
  const auto equals = item.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError(fmt::format("optimizer option '{}' is not of the form name=value", item));
  }
  const auto known = chosen.row->options;
  const auto key = item.substr(0, equals);
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    throw UsageError(unknown(fmt::format("option of {}", chosen.row->name), key, known));
  }
  set(chosen.options, key, item.substr(equals + 1));
}

/// "lr=0.1,momentum=0.9"
void set_all(ChosenOptimizer& chosen, std::string_view text) {
  for (;;) {
    const auto comma = text.find(',');
    set_item(chosen, text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

/// What torch.optim refuses of numbers that are at least 0.
void refuse_contradictions(const OptimizerOptions& o) {
  for (const auto& [key, beta] : {Named<double>{"beta1", o.beta1}, {"beta2", o.beta2}}) {
    if (beta >= 1) throw UsageError(fmt::format("optimizer option {}={} must be below 1", key, beta));
  }
  if (o.nesterov && (o.momentum == 0 || o.dampening != 0)) {
    throw UsageError("optimizer option nesterov=true needs a momentum above 0 and a dampening of 0");
  }
}

}  // namespace

std::span<const Optimizer> optimizers() {
  static constexpr std::array kOptimizers{
      Optimizer{"sgd", "plain gradient descent, no state", kOptionsOfSgd, {}, append_sgd},
      Optimizer{"momentum",
                "SGD with momentum 0.9: one more copy of the weights",
                kOptionsOfSgd,
                {.momentum = 0.9},
                append_sgd},
      Optimizer{"adamw",
                "AdamW: two more copies of the weights",
                kOptionsOfAdamw,
                {.weight_decay = 0.01},
                append_adamw},
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
    if (colon != std::string_view::npos) set_all(chosen, text.substr(colon + 1));
    refuse_contradictions(chosen.options);
    return chosen;
  }
  throw UsageError(unknown("optimizer", name, known));
}

}  // namespace memsweep
