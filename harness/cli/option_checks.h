// What options of the command line check of their text.
#pragma once

#include <filesystem>
#include <string>
#include <type_traits>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/errors.h"
#include "harness/base/parse.h"

namespace memsweep {

/// Accepts one number from `lowest` to `highest`, and no text around it. Hands it on without leading zeros,
/// which CLI11 takes for octal.
template <typename Number>
CLI::Validator number(Number lowest, Number highest) {
  const auto complaint = [=](std::string& text) -> std::string {
    const auto value = parse_number<Number>(text);
    if (value && lowest <= *value && *value <= highest) {
      text = fmt::format("{}", *value);
      return {};
    }
    constexpr const char* kKind = std::is_integral_v<Number> ? "whole number" : "number";
    return fmt::format("'{}' is no {} from {} to {}", text, kKind, lowest, highest);
  };
  return {complaint, ""};
}

/// Accepts the name of a results file.
inline CLI::Validator csv_name() {
  const auto complaint = [](const std::string& text) -> std::string {
    if (std::filesystem::path(text).extension() == ".csv") return {};
    return fmt::format("'{}' is no name that ends in .csv", text);
  };
  return {complaint, ""};
}

/// An option whose text `read` makes something of; where it refuses, the sentence says which option it was.
template <typename Read>
CLI::Option* add_text(CLI::App& app, const std::string& name, Read read, const std::string& description) {
  const auto read_named = [name, read](const std::string& text) {
    try {
      read(text);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", name, error.what()));
    }
  };
  return app.add_option_function<std::string>(name, read_named, description);
}

}  // namespace memsweep
