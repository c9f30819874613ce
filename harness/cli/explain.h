// What CLI11 has against a command line, in sentences.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace memsweep {

/// One sentence; with the nearest name for an option or a command that is not known.
[[nodiscard]] std::string explain(const CLI::App& app, const CLI::ParseError& error);

/// "there is no option '--modle'; did you mean '--model'?" for an option that `command` does not have.
[[nodiscard]] std::string unknown_option(const CLI::App& command, const std::string& option);

}  // namespace memsweep
