// On which GPUs a recorded script would run.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/device/profile.h"
#include "harness/report/dryrun_report.h"

namespace memsweep {

/// The history of every part on each of `gpus`, under the settings it was recorded with and under expandable
/// segments: a table of the memory that is left. `context`: of the device on which it was recorded, bytes;
/// each GPU has its own.
[[nodiscard]] std::string gpu_table(const std::vector<DryrunPart>& parts, std::span<const Profile> gpus,
                                    std::size_t context);

}  // namespace memsweep
