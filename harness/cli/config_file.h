// Options from a file.
#pragma once

#include <CLI/CLI.hpp>

namespace memsweep {

/// Lines of `name=value`, each read as `--name value` is on the command line.
class ConfigFile final : public CLI::ConfigBase {
 public:
  explicit ConfigFile(const CLI::App& app) : app_(app) {}

  /// Throws UsageError for a name that is no option, with the nearest that is.
  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& app_;
};

}  // namespace memsweep
