// The command of a dry run as a process of its own, with this terminal and this standard input and output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace memsweep {

struct ChildEnd {
  int status = 0;            // as a shell gives it: 128 + number where a signal ended it
  bool out_of_time = false;  // it was ended because its time was over
  bool interrupted = false;  // Ctrl-C, or somebody asked memsweep itself to stop
  double seconds = 0;        // that it ran
};

using TimeLimit = std::optional<std::chrono::duration<double>>;

/// Descriptors of this process, each with the number under which a command is to know it.
using Descriptors = std::vector<std::pair<int, int>>;

/// Starts `command`, found along PATH, in the environment `variables` ("NAME=value"). Throws UsageError where
/// it cannot be started.
[[nodiscard]] pid_t start_command(const std::vector<std::string>& command,
                                  const std::vector<std::string>& variables,
                                  const Descriptors& descriptors = {});

/// Starts a child of this process; its process id.
using StartChild = std::function<pid_t()>;

/// Starts a child and waits for its end. SIGINT and SIGTERM that are sent to this process go on to it. After
/// `time_limit` it is sent SIGTERM, and SIGKILL if that does not end it within ten seconds.
[[nodiscard]] ChildEnd run_child(const StartChild& start, TimeLimit time_limit);

/// A command as that child. Throws UsageError where it cannot be started.
[[nodiscard]] ChildEnd run_child(const std::vector<std::string>& command,
                                 const std::vector<std::string>& variables, TimeLimit time_limit);

}  // namespace memsweep
