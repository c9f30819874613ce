// What two dry runs of one command say together that differ in the share of masks' elements that hold.
#pragma once

#include <string>

#include "harness/report/dryrun_report.h"

namespace memsweep {

/// A dry run, and the share that it was told holds of every mask.
struct DryrunAtDensity {
  double density = 1;
  Dryrun dryrun;
};

/// Between which peaks the truth lies as far as masks decide on it, and whether it fits at both ends.
[[nodiscard]] std::string density_range(const DryrunAtDensity& low, const DryrunAtDensity& high);

}  // namespace memsweep
