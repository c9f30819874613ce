// Runs of one command with other arguments each time, whose output is kept and not shown.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/dryrun/child.h"
#include "harness/dryrun/hidden_output.h"
#include "harness/dryrun/python_server.h"

namespace memsweep {

class ScriptRuns {
 public:
  /// Python scripts are forked of one process that has imported PyTorch, by `server_script`; empty: every run
  /// is a process of its own, as one of any other command is.
  explicit ScriptRuns(std::filesystem::path server_script) : server_script_(std::move(server_script)) {}

  /// `variables` are the environment; those whose names begin with MEMSWEEP_ may differ from run to run.
  /// `report`: the folder that they name. Standard input is empty. Throws UsageError where the command cannot
  /// be started.
  ChildEnd run(const std::vector<std::string>& command, const std::vector<std::string>& variables,
               const std::filesystem::path& report, TimeLimit time_limit);

  /// What the last run wrote.
  [[nodiscard]] std::string output() const { return output_.text(); }
  [[nodiscard]] std::string errors() const { return errors_.text(); }

 private:
  [[nodiscard]] Descriptors descriptors() const;
  [[nodiscard]] pid_t start(const std::vector<std::string>& command,
                            const std::vector<std::string>& variables);
  [[nodiscard]] pid_t fork(const PythonCommand& command, const std::vector<std::string>& variables);

  std::filesystem::path server_script_;  // empty: no more, or never
  std::string assumed_ = "{}";           // what the script changes of its environment, as JSON
  std::unique_ptr<PythonServer> server_;
  HiddenOutput output_, errors_;
  EmptyInput input_;
};

}  // namespace memsweep
