#include "harness/cli/config_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/cli/explain.h"

namespace memsweep {

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  auto lines = CLI::ConfigBase::from_config(input);
  for (CLI::ConfigItem& item : lines) {
    // Of a section, which no option has, its name.
    const std::string option = "--" + (item.parents.empty() ? item.name : item.parents.front());
    if (app_.get_option_no_throw(option) == nullptr)
      throw UsageError("config file: " + unknown_option(app_, option));
    // CLI11 has cut the value at its commas.
    if (item.inputs.size() > 1) item.inputs = {fmt::format("{}", fmt::join(item.inputs, ","))};
  }
  return lines;
}

}  // namespace memsweep
