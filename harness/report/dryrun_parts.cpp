#include "harness/report/dryrun_parts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/trace/what_if.h"

namespace memsweep {
namespace {

/// What other settings would do about a shortage.
std::string advice_on(const History& history, DeviceSize device, const WhatIf& as_recorded) {
  std::vector<WhatIf> tried{as_recorded};
  for (const std::string& settings : sensible_settings()) {
    if (settings != history.settings)
      tried.push_back(what_if(history.trace, settings, history.release, device));
  }
  return "Of what was recorded until then: " + recommend(tried);
}

DryrunPart part_of(const ProcessFindings& process, std::size_t position) {
  DryrunPart part;
  part.pid = process.pid;
  const PytorchFindings& pytorch = *process.pytorch;
  part.pytorch = pytorch.devices.at(position);
  part.device = part.pytorch->index;
  if (process.standin && part.device < process.standin->devices.size()) {
    part.standin = process.standin->devices[part.device];
  }
  part.used_before = part.pytorch->used - std::min(part.pytorch->used, part.pytorch->now.reserved);
  part.history = read_history(pytorch, position);
  return part;
}

std::vector<DryrunPart> parts_of(const ProcessFindings& process) {
  std::vector<DryrunPart> parts;
  if (process.pytorch) {
    for (std::size_t i = 0; i < process.pytorch->devices.size(); ++i) parts.push_back(part_of(process, i));
  } else if (process.standin) {
    for (std::size_t i = 0; i < process.standin->devices.size(); ++i) {
      const StandinDevice& device = process.standin->devices[i];
      if (device.peak <= device.context) continue;
      DryrunPart& part = parts.emplace_back();
      part.pid = process.pid;
      part.device = i;
      part.standin = device;
    }
  }
  return parts;
}

}  // namespace

void read_parts(Dryrun& dryrun, const std::filesystem::path& folder) {
  dryrun.processes = read_findings(folder);
  for (const ProcessFindings& process : dryrun.processes) {
    for (DryrunPart& part : parts_of(process)) dryrun.parts.push_back(std::move(part));
  }
}

void add_replays(Dryrun& dryrun) {
  for (DryrunPart& part : dryrun.parts) {
    if (!part.history || part.history->gap) continue;  // what is replayed has to be the whole
    const History& history = *part.history;
    const DeviceSize device{dryrun.capacity, part.used_before};
    part.as_recorded = what_if(history.trace, history.settings, history.release, device);
    if (history.at_shortage) part.advice = advice_on(history, device, *part.as_recorded);
  }
}

}  // namespace memsweep
