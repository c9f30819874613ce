#include "harness/cli/explain.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/base/nearest.h"

namespace memsweep {
namespace {

/// The "--steps" of CLI11's "--steps: 1 required N missing".
std::string option_in(const std::string& text) {
  const auto begin = text.find("--");
  if (begin == std::string::npos) return "an option";
  return text.substr(begin, text.find_first_not_of("-abcdefghijklmnopqrstuvwxyz", begin) - begin);
}

std::string unknown_command(const CLI::App& app, const std::string& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  return unknown("command", command, known);
}

/// On the first argument that nothing is known to do with.
std::string explain_stranger(const CLI::App& app, const CLI::App& command) {
  auto strangers = command.remaining();
  if (strangers.empty()) strangers = app.remaining();
  const std::string stranger = strangers.empty() ? "" : strangers.front();
  if (stranger.starts_with('-')) return unknown_option(command, stranger.substr(0, stranger.find('=')));
  if (&command == &app) return unknown_command(app, stranger);
  return fmt::format("'{}' is one too many; see memsweep {} --help", stranger, command.get_name());
}

}  // namespace

std::string unknown_option(const CLI::App& command, const std::string& option) {
  std::vector<std::string> names;
  for (const CLI::Option* known : command.get_options()) {
    if (known->nonpositional()) names.push_back(known->get_name());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(option, known);
  return fmt::format("there is no option '{}'; {}", option,
                     near ? fmt::format("did you mean '{}'?", *near) : "see --help");
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const auto chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
    case CLI::ExitCodes::ExtrasError: return explain_stranger(app, command);
    case CLI::ExitCodes::ArgumentMismatch: return fmt::format("{} needs a value", option_in(text));
    // Only of flags: the texts of all other options are looked at before they are converted.
    case CLI::ExitCodes::ConversionError: return fmt::format("{} takes no value", option_in(text));
    case CLI::ExitCodes::FileError:
      return fmt::format("cannot read the config file '{}'", app.get_config_ptr()->as<std::string>());
    case CLI::ExitCodes::RequiredError:
      return fmt::format("{}; see memsweep {} --help", text, command.get_name());
    default: return text;
  }
}

}  // namespace memsweep
