// Traces on a device, each in an allocator of its own: do they fit, and what did they take?
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "harness/device/device.h"
#include "harness/memory/rules.h"
#include "harness/memory/settings.h"
#include "harness/sweep/experiment.h"
#include "harness/trace/trace.h"

namespace memsweep {

/// One user of a device, known to the others by what it takes only.
struct TraceUser {
  std::string name;
  Trace trace;
};

/// The users run one after the other, a stage each, on a device that appears to have `capacity` bytes; what
/// is live or cached at the end of one stays while the next ones run. The last stage is that of the first
/// user of whom a request is refused. A device with less room than that runs nothing: one stage, an error.
/// Bytes are the same on every device.
[[nodiscard]] std::vector<Stage> run_traces(Device& device, std::size_t capacity,
                                            std::span<const TraceUser> users,
                                            const AllocatorSettings& settings, PytorchRelease release);

}  // namespace memsweep
