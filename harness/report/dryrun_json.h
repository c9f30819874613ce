// What a dry run found, for programs.
#pragma once

#include <string>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// One JSON object; all sizes in bytes:
///   command, status, fits, out_of_time, interrupted, capacity, context
///   out_of_memory   null, or type, message and place of the error with which the script ended
///   processes       pid, pytorch (version or null), steps, blind_reads, density, own_runtimes (files of
///                   whose use of the device nothing is known), and with count and the place
///                   of the first: unsupported, by symbol, and doubtful_reads, by kind (blind read, shadow
///                   read, truth by rule, count by rule)
///   devices         one an entry: pid, device, peak (requested, allocated, reserved, device), retries,
///                   smallest_device, phases, and at_peak: step, phase, categories and lines
/// What is not known is null.
[[nodiscard]] std::string dryrun_json(const Dryrun& dryrun);

}  // namespace memsweep
