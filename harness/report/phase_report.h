// A few steps, phase by phase, as a table for people, as CSV, and what stood at the peak.
#pragma once

#include <string>

#include "harness/sweep/phase_run.h"

namespace memsweep {

/// One line a phase: what is live and reserved at its end, and the peaks within it.
[[nodiscard]] std::string phase_table(const PhaseRun& run);

/// The same in bytes, with a header; all columns of PhaseRow.
[[nodiscard]] std::string phase_csv(const PhaseRun& run);

/// Who stood at the peak: by category in allocated bytes, by op in requested ones.
[[nodiscard]] std::string peak_table(const PhaseRun& run);

/// Every allocation, one line each: its number, when, the op that asked, requested bytes, and the phase in
/// which it was freed.
[[nodiscard]] std::string allocation_table(const PhaseRun& run);
[[nodiscard]] std::string allocation_csv(const PhaseRun& run);

}  // namespace memsweep
