// The sentences of a dry run's report: does it fit, and by how much?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/dryrun_report.h"
#include "harness/sweep/diagnose.h"
#include "harness/sweep/trial.h"

namespace memsweep {

/// Peak of a device in bytes, the context included.
[[nodiscard]] std::size_t device_peak(const DryrunPart& part);

/// The smallest device in bytes on which what was recorded runs; none where it is not known, or the script
/// ended out of memory. Replays look at whole granules of 2 MiB only; the peak itself is always enough.
[[nodiscard]] std::optional<std::size_t> smallest_device(const Dryrun& dryrun, const DryrunPart& part);

/// The part whose device was fullest; null where nothing touched CUDA.
[[nodiscard]] const DryrunPart* fullest_part(const Dryrun& dryrun);

/// The part that recorded the shortage with which its script ended; null where none did.
[[nodiscard]] const DryrunPart* refused_part(const Dryrun& dryrun);

/// Why a request was refused; `capacity` where the history does not tell. `capacity`: of the device, bytes.
[[nodiscard]] Verdict verdict_of_shortage(const DryrunPart& part, const PytorchShortage& shortage,
                                          std::size_t capacity);

/// ok: it ran to its end, or to the steps that were asked for; oom: it failed since memory was refused;
/// error: it failed by itself, or was ended before.
[[nodiscard]] Outcome outcome_of(const Dryrun& dryrun);

/// How the command came to its end where it did not do so by itself and well; else empty.
[[nodiscard]] std::string early_end(const Dryrun& dryrun);

/// Of shortages that a script survived; empty where there was none.
[[nodiscard]] std::string refusals_on_the_way(const Dryrun& dryrun);

/// The shortage with which a script ended; null where none did.
[[nodiscard]] const PytorchError* out_of_memory(const Dryrun& dryrun);

/// What retries of the allocator cost, a sentence behind a space; empty where there were none.
[[nodiscard]] std::string retries_sentence(std::int64_t retries);

/// "in the forward phase of step 2".
[[nodiscard]] std::string in_phase(std::string_view phase, std::int64_t step);

/// Fits or not and by how much; who asked, and PyTorch's own message, where it does not.
[[nodiscard]] std::string dryrun_verdict(const Dryrun& dryrun);

}  // namespace memsweep
