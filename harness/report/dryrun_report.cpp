#include "harness/report/dryrun_report.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/report/dryrun_honesty.h"
#include "harness/report/dryrun_verdict.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

constexpr std::size_t kShownLines = 12;

std::string heading(const Dryrun& dryrun) {
  std::string versions, steps;
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.pytorch) continue;
    if (versions.empty()) versions = fmt::format("; PyTorch {}", process.pytorch->version);
    if (process.pytorch->steps > 0 && steps.empty())
      steps = fmt::format(", {} steps", process.pytorch->steps);
  }
  return fmt::format("memsweep dryrun: {} on {} with {}, {} of them for the context{}{}\n", dryrun.command,
                     dryrun.gpu, format_bytes(dryrun.capacity), format_bytes(dryrun.context), versions,
                     steps);
}

std::string level_table(const Dryrun& dryrun) {
  std::vector<std::vector<std::string>> records{{"process", "device", "requested", "allocated", "reserved",
                                                 "device peak", "retries", "smallest device"}};
  for (const DryrunPart& part : dryrun.parts) {
    const auto level = [&](std::size_t Usage::*member) {
      return part.pytorch ? format_bytes(part.pytorch->peak.*member) : "-";
    };
    const auto smallest = smallest_device(dryrun, part);
    records.push_back({fmt::format("{}", part.pid), fmt::format("{}", part.device), level(&Usage::requested),
                       level(&Usage::allocated), level(&Usage::reserved), format_bytes(device_peak(part)),
                       part.pytorch ? fmt::format("{}", part.pytorch->retries) : "-",
                       smallest ? format_bytes(*smallest) : "-"});
  }
  return format_table(records);
}

std::string steps_of(const PhaseUsage& row) {
  if (row.first_step == 0) return "-";
  if (row.first_step == row.last_step) return fmt::format("{}", row.first_step);
  return fmt::format("{}-{}", row.first_step, row.last_step);
}

std::string phase_table(const History& history) {
  std::vector<std::vector<std::string>> records{{"step", "phase", "requested", "allocated", "reserved"}};
  for (const PhaseUsage& row : history.phases) {
    records.push_back({steps_of(row), row.phase, format_bytes(row.peak.requested),
                       format_bytes(row.peak.allocated), format_bytes(row.peak.reserved)});
  }
  return format_table(records);
}

std::string share_table(std::string_view heading, const std::vector<Share>& shares, std::size_t shown) {
  std::vector<std::vector<std::string>> records{{std::string(heading), "bytes", "blocks"}};
  Share rest;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i < shown) {
      records.push_back({shares[i].what, format_bytes(shares[i].bytes), fmt::format("{}", shares[i].blocks)});
    } else {
      rest.bytes += shares[i].bytes;
      rest.blocks += shares[i].blocks;
    }
  }
  if (rest.blocks > 0) {
    records.push_back({fmt::format("{} others", shares.size() - shown), format_bytes(rest.bytes),
                       fmt::format("{}", rest.blocks)});
  }
  return format_table(records);
}

std::string history_report(const DryrunPart& part, bool is_only_one) {
  const History& history = *part.history;
  std::string text;
  if (!is_only_one) text += fmt::format("\nProcess {}, device {}:\n", part.pid, part.device);
  if (history.gap) text += fmt::format("\nNot complete: {}.\n", *history.gap);
  if (!history.phases.empty()) text += "\n" + phase_table(history);
  if (history.categories.empty()) return text;
  text += fmt::format("\n{}, {}: {} requested, {} allocated, {} reserved.\n\n",
                      history.at_shortage ? "When memory ran out" : "At the peak",
                      in_phase(history.phase, history.step), format_bytes(history.usage.requested),
                      format_bytes(history.usage.allocated), format_bytes(history.usage.reserved));
  text += share_table("whose", history.categories, history.categories.size()) + "\n";
  return text + share_table("asked for by", history.lines, kShownLines);
}

}  // namespace

std::string dryrun_report(const Dryrun& dryrun) {
  std::string text = heading(dryrun) + "\n" + dryrun_verdict(dryrun);
  if (dryrun.parts.empty()) return text + dryrun_honesty(dryrun);
  text += "\n" + level_table(dryrun);
  for (const DryrunPart& part : dryrun.parts) {
    if (part.history) text += history_report(part, dryrun.parts.size() == 1);
    if (!part.advice.empty()) text += "\n" + part.advice + "\n";
  }
  return text + "\n" + dryrun_honesty(dryrun);
}

}  // namespace memsweep
