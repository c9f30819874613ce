// Work in a child process, so that whatever ends the child ends the work alone: a crash, a hang, the kernel.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace memsweep {

/// The child came to no result. The sentence says why.
struct ChildFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ChildLimits {
  double seconds = 300;  // after which the child is ended
  /// Asked while the child works; true ends the child, and the call with Interrupted.
  std::function<bool()> interrupted{};
};

/// What `work` returns in a child that is forked here; of any length. UsageError, DeviceError and Interrupted
/// are thrown on as they are; ChildFailure for all other exceptions, a signal, an exit and a child that takes
/// too long. Nothing that the child writes to memory is seen here, and it ends with this process if it has
/// to. This process must have no threads that the work needs, and must not have used a GPU.
[[nodiscard]] std::string in_child_process(const std::function<std::string()>& work,
                                           const ChildLimits& limits);

}  // namespace memsweep
