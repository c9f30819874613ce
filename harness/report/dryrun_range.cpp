#include "harness/report/dryrun_range.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/dryrun_verdict.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

std::uint64_t masks_counted(const Dryrun& dryrun) {
  std::uint64_t counted = 0;
  for (const ProcessFindings& process : dryrun.processes) {
    if (process.standin) counted += process.standin->counts_by_rule;
  }
  return counted;
}

std::string outcome_words(const Dryrun& dryrun) {
  switch (outcome_of(dryrun)) {
    case Outcome::ok: return "fits";
    case Outcome::oom: return "does not fit";
    case Outcome::error: return dryrun.end.out_of_time ? "ended early" : "failed";
  }
  return "";
}

std::vector<std::string> record_of(const DryrunAtDensity& run) {
  const DryrunPart* const part = fullest_part(run.dryrun);
  const bool has_levels = part != nullptr && part->pytorch;
  const auto level = [&](std::size_t Usage::*member) {
    return has_levels ? format_bytes(part->pytorch->peak.*member) : "-";
  };
  return {fmt::format("{}", run.density),
          outcome_words(run.dryrun),
          level(&Usage::requested),
          level(&Usage::allocated),
          level(&Usage::reserved),
          part == nullptr ? "-" : format_bytes(device_peak(*part)),
          fmt::format("{}", masks_counted(run.dryrun))};
}

/// What the outcomes of both mean for the truth between them.
std::string range_verdict(const DryrunAtDensity& low, const DryrunAtDensity& high) {
  const Outcome first = outcome_of(low.dryrun), second = outcome_of(high.dryrun);
  if (first == Outcome::error || second == Outcome::error)
    return "One of them ended early or by itself, so that they are no ends of a range.\n";
  if (first == Outcome::ok && second == Outcome::ok) {
    const DryrunPart *const least = fullest_part(low.dryrun), *const most = fullest_part(high.dryrun);
    if (least == nullptr || most == nullptr) return "";
    const auto [from, to] = std::minmax({device_peak(*least), device_peak(*most)});
    return fmt::format("It fits at both: between {} and {} of {} at the peak.\n", format_bytes(from),
                       format_bytes(to), format_bytes(high.dryrun.capacity));
  }
  if (first == second) return "It fits at neither.\n";
  return "What the masks hold decides whether it fits.\n";
}

}  // namespace

std::string density_range(const DryrunAtDensity& low, const DryrunAtDensity& high) {
  if (masks_counted(low.dryrun) + masks_counted(high.dryrun) == 0)
    return "The program asked of no mask how many elements hold: --density changes nothing.\n";
  return format_table({{"density", "outcome", "requested", "allocated", "reserved", "device peak", "masks"},
                       record_of(low),
                       record_of(high)}) +
         "\n" + range_verdict(low, high);
}

}  // namespace memsweep
