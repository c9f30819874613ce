#include "scenarios/parts/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/parts/layers.h"

namespace memsweep {

void read_spec(std::string_view model, std::string_view text, std::span<const SpecOption> options) {
  std::vector<std::string_view> seen;
  for (bool more = !text.empty(); more;) {
    const auto comma = text.find(',');
    const std::string_view item = text.substr(0, comma), name = item.substr(0, item.find('='));
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    const auto option = std::find_if(options.begin(), options.end(),
                                     [name](const SpecOption& known) { return known.name == name; });
    if (option == options.end()) {
      std::vector<std::string_view> names;
      for (const SpecOption& known : options) names.push_back(known.name);
      throw UsageError(unknown(fmt::format("option of {}", model), name, names));
    }
    if (name.size() == item.size()) {
      throw UsageError(fmt::format("option '{}' of {} is not of the form name=value", item, model));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      throw UsageError(fmt::format("option {} of {} is given twice", name, model));
    }
    seen.push_back(name);
    option->set(item.substr(name.size() + 1));
  }
}

std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t limit) {
  const auto value = positive(text, limit);
  if (!value) throw UsageError(fmt::format("{}={} needs a whole number from 1 to {}", option, text, limit));
  return *value;
}

std::size_t one_of(std::string_view option, std::string_view text, std::span<const std::string_view> known) {
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) throw UsageError(unknown(fmt::format("value of {}", option), text, known));
  return static_cast<std::size_t>(found - known.begin());
}

}  // namespace memsweep
