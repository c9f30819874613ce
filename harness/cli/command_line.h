// The command line: what is said to which command.
#pragma once

namespace memsweep {

/// The exit status: 0 done, 1 a check that was asked for did not hold, 130 interrupted. Throws UsageError
/// and DeviceError.
[[nodiscard]] int run_command_line(int argc, const char* const* argv);

}  // namespace memsweep
