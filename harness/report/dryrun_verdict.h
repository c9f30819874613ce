// The sentences of a dry run's report: does it fit, and how far can that be trusted?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// Peak of a device in bytes, the context included.
[[nodiscard]] std::size_t device_peak(const DryrunPart& part);

/// The smallest device in bytes on which what was recorded runs; none where it is not known, or the script
/// ended out of memory. Replays look at whole granules of 2 MiB only; the peak itself is always enough.
[[nodiscard]] std::optional<std::size_t> smallest_device(const Dryrun& dryrun, const DryrunPart& part);

/// The shortage with which a script ended; null where none did.
[[nodiscard]] const PytorchError* out_of_memory(const Dryrun& dryrun);

/// "in the forward phase of step 2".
[[nodiscard]] std::string in_phase(std::string_view phase, std::int64_t step);

/// Fits or not and by how much; who asked, and PyTorch's own message, where it does not.
[[nodiscard]] std::string dryrun_verdict(const Dryrun& dryrun);

/// Whether the numbers are exact, and what they may depend on where they are not.
[[nodiscard]] std::string dryrun_honesty(const Dryrun& dryrun);

}  // namespace memsweep
