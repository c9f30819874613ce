// A Python that has imported PyTorch, of which processes are forked that each run a script.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/dryrun/child.h"

namespace memsweep {

/// What a command runs where it is "python [flags] FILE …" or "python [flags] -m NAME …".
struct PythonTarget {
  std::vector<std::string> interpreter;  // with its flags
  std::string kind;                      // script or module
  std::string name;                      // of the file or the module
  friend bool operator==(const PythonTarget&, const PythonTarget&) = default;
};

struct PythonCommand {
  PythonTarget target;
  std::vector<std::string> arguments;  // behind the name
};

/// None for any other command, code on the command line and scripts that are no plain file included.
[[nodiscard]] std::optional<PythonCommand> parse_python_command(const std::vector<std::string>& command);

/// The server came to its end, as where Python has no PyTorch. What it wrote says why.
struct ServerGone : std::runtime_error {
  ServerGone() : std::runtime_error("the Python that runs are forked of has ended") {}
};

class PythonServer {
 public:
  /// `assumed`: what server.py calls the changes of the environment, as JSON. It and all that it forks get
  /// `variables` and `descriptors`. Throws UsageError where Python cannot be started.
  PythonServer(PythonTarget target, const std::filesystem::path& server_script, const std::string& assumed,
               const std::vector<std::string>& variables, Descriptors descriptors);
  ~PythonServer();
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;

  [[nodiscard]] const PythonTarget& target() const { return target_; }

  /// The process id of a new run of the script, a child of this process. `variables` are set in it besides.
  /// Throws ServerGone.
  [[nodiscard]] pid_t fork(const std::vector<std::string>& variables,
                           const std::vector<std::string>& arguments);

 private:
  PythonTarget target_;
  int socket_ = -1;
  pid_t pid_ = 0;
};

}  // namespace memsweep
