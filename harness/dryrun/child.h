// The command of a dry run as a process of its own, with this terminal and this standard input and output.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace memsweep {

struct ChildEnd {
  int status = 0;            // as a shell gives it: 128 + number where a signal ended it
  bool out_of_time = false;  // it was ended because its time was over
  bool interrupted = false;  // Ctrl-C, or somebody asked memsweep itself to stop
  double seconds = 0;        // that it ran
};

/// Runs `command`, found along PATH, in the environment `variables` ("NAME=value") and waits for its end.
/// SIGINT and SIGTERM that are sent to this process go on to it. After `time_limit` it is sent SIGTERM, and
/// SIGKILL if that does not end it within ten seconds. Throws UsageError where it cannot be started.
[[nodiscard]] ChildEnd run_child(const std::vector<std::string>& command,
                                 const std::vector<std::string>& variables,
                                 std::optional<std::chrono::duration<double>> time_limit);

}  // namespace memsweep
