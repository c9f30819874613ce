#include "scenarios/optimizer_options.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

constexpr std::string_view kImplementation = "implementation";

std::string_view description(Values values) {
  switch (values) {
    case Values::at_least_0: return "a number of at least 0";
    case Values::from_0_below_1: return "a number from 0 to below 1";
    case Values::from_0_to_1: return "a number from 0 to 1";
    case Values::at_most_0: return "a number of at most 0";
    case Values::at_least_1: return "a number of at least 1";
    case Values::flag: return "true or false";
  }
  return "?";
}

bool allows(Values values, double value) {
  switch (values) {
    case Values::at_least_0: return value >= 0;
    case Values::from_0_below_1: return value >= 0 && value < 1;
    case Values::from_0_to_1: return value >= 0 && value <= 1;
    case Values::at_most_0: return value <= 0;
    case Values::at_least_1: return value >= 1;
    case Values::flag: return false;  // no number is
  }
  return false;
}

std::optional<double> parse(Values values, std::string_view text) {
  if (values == Values::flag && text == "true") return 1;
  if (values == Values::flag && text == "false") return 0;
  const auto value = parse_number<double>(text);
  return value && std::isfinite(*value) && allows(values, *value) ? value : std::nullopt;
}

}  // namespace

std::string_view name_of(Implementation implementation) {
  switch (implementation) {
    case Implementation::foreach: return "foreach";
    case Implementation::for_loop: return "for-loop";
    case Implementation::fused: return "fused";
  }
  return "?";
}

OptimizerOptions::OptimizerOptions(std::span<const OptimizerOption> options,
                                   std::span<const Implementation> implementations)
    : options_(options), implementations_(implementations), implementation_(implementations.front()) {
  for (const OptimizerOption& option : options) values_.push_back(option.standard);
}

double OptimizerOptions::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (options_[i].name == name) return values_[i];
  }
  throw std::logic_error(fmt::format("an optimizer was asked for its {}", name));
}

std::vector<std::string_view> OptimizerOptions::names() const {
  std::vector<std::string_view> names;
  for (const OptimizerOption& option : options_) names.push_back(option.name);
  names.push_back(kImplementation);
  return names;
}

void OptimizerOptions::read(std::string_view optimizer, std::string_view text) {
  for (;;) {
    const auto comma = text.find(',');
    read_item(optimizer, text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

void OptimizerOptions::read_item(std::string_view optimizer, std::string_view item) {
  const auto equals = item.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError(fmt::format("optimizer option '{}' is not of the form name=value", item));
  }
  const auto key = item.substr(0, equals), text = item.substr(equals + 1);
  if (key == kImplementation) return choose_implementation(optimizer, text);
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (options_[i].name != key) continue;
    const auto value = parse(options_[i].values, text);
    if (!value) {
      throw UsageError(
          fmt::format("optimizer option {}={} needs {}", key, text, description(options_[i].values)));
    }
    values_[i] = *value;
    return;
  }
  throw UsageError(unknown(fmt::format("option of {}", optimizer), key, names()));
}

void OptimizerOptions::choose_implementation(std::string_view optimizer, std::string_view value) {
  std::vector<std::string_view> known;
  for (const Implementation implementation : implementations_) {
    known.push_back(name_of(implementation));
    if (known.back() != value) continue;
    implementation_ = implementation;
    return;
  }
  throw UsageError(unknown(fmt::format("implementation of {}", optimizer), value, known));
}

}  // namespace memsweep
