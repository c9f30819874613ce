#include "harness/cli/swept.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/cli/options.h"
#include "harness/sweep/predict.h"

namespace memsweep {
namespace {

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

std::string place_of(const std::string& name) { return "{" + name + "}"; }

bool has_place(const Command& command, const std::string& name) {
  return std::ranges::any_of(command, [place = place_of(name)](const std::string& argument) {
    return argument.find(place) != std::string::npos;
  });
}

/// "batch" where all of an argument, or all behind its first "=", is "{batch}"; else empty. Braces are used
/// for other things, too.
std::string_view name_of_place(std::string_view argument) {
  if (argument.starts_with('-') && argument.find('=') != argument.npos)
    argument.remove_prefix(argument.find('=') + 1);
  if (argument.size() < 3 || argument.front() != '{' || argument.back() != '}') return {};
  argument = argument.substr(1, argument.size() - 2);
  return is_name(argument) ? argument : std::string_view();
}

void read_range(Swept& swept, const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto lowest = parse_number<std::int64_t>(text.substr(0, colon));
  const auto highest = parse_number<std::int64_t>(text.substr(colon + 1));
  if (!lowest || !highest || *lowest < 1 || *highest > kLargestBatch || *lowest > *highest) {
    throw UsageError(
        fmt::format("'{}' is no range; write 1:4096, the smallest and the largest value to try, from 1 to {}",
                    text, kLargestBatch));
  }
  swept.lowest = *lowest;
  swept.highest = *highest;
}

}  // namespace

Swept parse_swept(const std::string& text) {
  const std::size_t sign = text.find('=');
  Swept swept;
  swept.name = text.substr(0, sign);
  if (sign == text.npos || !is_name(swept.name)) {
    throw UsageError(fmt::format("'{}' does not say what is swept; write batch=1:4096", text));
  }
  const std::string values = text.substr(sign + 1);
  const bool is_range = std::ranges::count(values, ':') == 1 && values.find(',') == std::string::npos;
  if (is_range) {
    read_range(swept, values);
  } else {
    swept.values = parse_batches(values);
  }
  return swept;
}

Command substitute(const Command& command, const std::string& name, std::int64_t value) {
  const std::string place = place_of(name), number = fmt::format("{}", value);
  Command result = command;
  for (std::string& argument : result) {
    for (auto at = argument.find(place); at != argument.npos; at = argument.find(place, at + number.size())) {
      argument.replace(at, place.size(), number);
    }
  }
  return result;
}

void expect_places(const Command& command, const Swept* swept) {
  if (swept != nullptr && !has_place(command, swept->name)) {
    throw UsageError(
        fmt::format("--sweep: the command has no {} that could be replaced, as in -- python train.py "
                    "--batch-size {}",
                    place_of(swept->name), place_of(swept->name)));
  }
  for (const std::string& argument : command) {
    const std::string_view name = name_of_place(argument);
    if (name.empty() || (swept != nullptr && name == swept->name)) continue;
    throw UsageError(fmt::format("the command has {}, and no --sweep {}=1:4096 says what it is to be",
                                 place_of(std::string(name)), name));
  }
}

}  // namespace memsweep
