#include "harness/dryrun/script_runs.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace memsweep {
namespace {

namespace fs = std::filesystem;

bool is_of_a_run(std::string_view variable) { return variable.starts_with("MEMSWEEP_"); }

/// What a forked run says that it would have changed of the environment before it imported PyTorch.
std::optional<std::string> changed_environment(const fs::path& report) {
  std::ifstream in(report / "environment.json");
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

Descriptors ScriptRuns::descriptors() const {
  return {{input_.descriptor(), STDIN_FILENO},
          {output_.descriptor(), STDOUT_FILENO},
          {errors_.descriptor(), STDERR_FILENO}};
}

pid_t ScriptRuns::fork(const PythonCommand& command, const std::vector<std::string>& variables) {
  std::vector<std::string> of_all, of_the_run;
  for (const std::string& variable : variables)
    (is_of_a_run(variable) ? of_the_run : of_all).push_back(variable);
  if (server_ == nullptr) {
    server_ = std::make_unique<PythonServer>(command.target, server_script_, assumed_, of_all, descriptors());
  }
  return server_->fork(of_the_run, command.arguments);
}

pid_t ScriptRuns::start(const std::vector<std::string>& command, const std::vector<std::string>& variables) {
  const auto python = server_script_.empty() ? std::nullopt : parse_python_command(command);
  if (python && (server_ == nullptr || server_->target() == python->target)) {
    try {
      return fork(*python, variables);
    } catch (const ServerGone&) {
      server_.reset();
      server_script_.clear();
      errors_.clear();
    }
  }
  return start_command(command, variables, descriptors());
}

ChildEnd ScriptRuns::run(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                         const fs::path& report, TimeLimit time_limit) {
  output_.clear();
  errors_.clear();
  ChildEnd end = run_child([&] { return start(command, variables); }, time_limit);
  const auto changed = changed_environment(report);
  if (!changed || end.interrupted) return end;
  // PyTorch has to be imported in that environment; where it is another one in each run, each imports it.
  if (assumed_ != "{}") server_script_.clear();
  assumed_ = *changed;
  server_.reset();
  fs::remove(report / "environment.json");
  return run(command, variables, report, time_limit);
}

}  // namespace memsweep
