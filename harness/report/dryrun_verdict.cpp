#include "harness/report/dryrun_verdict.h"

#include <algorithm>
#include <csignal>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/quantity.h"
#include "harness/sweep/diagnose.h"

namespace memsweep {
namespace {

std::string describe(const std::optional<Place>& place) {
  return place ? memsweep::describe(*place) : "no line of Python";
}

const ProcessFindings* process_with_error(const Dryrun& dryrun) {
  const ProcessFindings* found = nullptr;
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.pytorch || !process.pytorch->error) continue;
    if (found == nullptr || process.pytorch->error->out_of_memory) found = &process;
  }
  return found;
}

/// The part of `process` that recorded the shortage with which it ended.
const DryrunPart* part_of_shortage(const Dryrun& dryrun, const ProcessFindings& process) {
  const auto part = std::ranges::find_if(dryrun.parts, [&](const DryrunPart& p) {
    return p.pid == process.pid && p.history && p.history->at_shortage;
  });
  return part == dryrun.parts.end() ? nullptr : &*part;
}

/// What a device would have to have for that request, however memory lies.
std::size_t wanted_of(const DryrunPart& part, const PytorchShortage& shortage) {
  return part.used_before + part.history->usage.allocated + shortage.requested;
}

std::string lack(const DryrunPart& part, const PytorchShortage& shortage, std::size_t capacity) {
  const std::size_t wanted = wanted_of(part, shortage);
  if (wanted > capacity) {
    return fmt::format(
        "Verdict: {}. {} are live, {} more are asked for and {} are the context's and others': {} lack at "
        "least.\n",
        name_of(Verdict::capacity), format_bytes(part.history->usage.allocated),
        format_bytes(shortage.requested), format_bytes(part.used_before), format_bytes(wanted - capacity));
  }
  return fmt::format(
      "Verdict: {}. {} are live and {} more are asked for: that would fit, but what is free lies in pieces "
      "of "
      "segments that live blocks hold.\n",
      name_of(Verdict::fragmentation), format_bytes(part.history->usage.allocated),
      format_bytes(shortage.requested));
}

std::string shortage_verdict(const Dryrun& dryrun, const ProcessFindings& process) {
  const PytorchFindings& pytorch = *process.pytorch;
  std::string text = "It does not fit.";
  if (!pytorch.shortages.empty()) {
    const PytorchShortage& last = pytorch.shortages.back();
    text += fmt::format(" {} asked for {} {}, and was refused.",
                        describe(last.place ? last.place : pytorch.error->place),
                        format_bytes(last.requested), in_phase(last.phase, last.step));
  }
  text += "\n";
  const DryrunPart* part = part_of_shortage(dryrun, process);
  if (part != nullptr && !pytorch.shortages.empty()) {
    text += lack(*part, pytorch.shortages.back(), dryrun.capacity);
  }
  text += fmt::format("PyTorch: {}\n", pytorch.error->message);
  return text + "How much it takes in all: the same with --memory 4TiB.\n";
}

std::string room(const Dryrun& dryrun) {
  const DryrunPart& part = *fullest_part(dryrun);
  const std::size_t peak = device_peak(part);
  std::string text =
      fmt::format("{} of {} at the peak, {} are left.", format_bytes(peak), format_bytes(dryrun.capacity),
                  format_bytes(dryrun.capacity - std::min(peak, dryrun.capacity)));
  if (const auto smallest = smallest_device(dryrun, part)) {
    text += fmt::format(" The smallest device on which the same runs has {}.", format_bytes(*smallest));
  }
  if (part.pytorch) text += retries_sentence(part.pytorch->retries);
  return text + "\n";
}

/// Requests for memory that were refused and not served later by those who asked.
std::uint64_t refusals(const Dryrun& dryrun) {
  std::uint64_t refused = 0;
  for (const ProcessFindings& process : dryrun.processes) {
    if (process.pytorch) {
      refused += process.pytorch->shortages.size();
    } else if (process.standin) {
      for (const StandinDevice& device : process.standin->devices) refused += device.refusals;
    }
  }
  return refused;
}

bool read_doubtful_values(const ProcessFindings& process) {
  if (!process.standin) return false;
  const StandinFindings& seen = *process.standin;
  return seen.blind_reads + seen.shadow_reads + seen.truths_by_rule + seen.counts_by_rule > 0;
}

}  // namespace

const DryrunPart* fullest_part(const Dryrun& dryrun) {
  const auto part = std::ranges::max_element(dryrun.parts, {}, device_peak);
  return part == dryrun.parts.end() ? nullptr : &*part;
}

const DryrunPart* refused_part(const Dryrun& dryrun) {
  const ProcessFindings* process = process_with_error(dryrun);
  return process == nullptr ? nullptr : part_of_shortage(dryrun, *process);
}

Verdict verdict_of_shortage(const DryrunPart& part, const PytorchShortage& shortage, std::size_t capacity) {
  const bool known = part.history && part.history->at_shortage;
  return known && wanted_of(part, shortage) <= capacity ? Verdict::fragmentation : Verdict::capacity;
}

std::size_t device_peak(const DryrunPart& part) {
  const std::size_t by_pytorch = part.pytorch ? part.used_before + part.pytorch->peak.reserved : 0;
  return std::max(by_pytorch, part.standin ? part.standin->peak : 0);
}

std::string early_end(const Dryrun& dryrun) {
  if (dryrun.end.interrupted) return "It was interrupted; this is what was seen until then.\n";
  if (dryrun.end.out_of_time) {
    return fmt::format(
        "It was ended after {:.0f} s, as --time-limit says; this is what was seen until then.\n",
        dryrun.end.seconds);
  }
  if (dryrun.end.status == 0) return "";
  const ProcessFindings* process = process_with_error(dryrun);
  if (process == nullptr) {
    if (const std::uint64_t refused = refusals(dryrun); refused > 0) {
      return fmt::format("The device refused {} requests for memory, and the command ended with status {}.\n",
                         refused, dryrun.end.status);
    }
    if (dryrun.end.status == 128 + SIGKILL)
      return "The command was killed, as the kernel does where the host's own memory runs out.\n";
    return fmt::format("The command itself ended with status {}; memory was not what it lacked.\n",
                       dryrun.end.status);
  }
  const PytorchError& error = *process->pytorch->error;
  return fmt::format(
      "The script itself ended with {} at {}; memory was not what it lacked.{}\n", error.type,
      describe(error.place),
      read_doubtful_values(*process) ? " It had read values that no kernel computed, which can be why." : "");
}

std::string refusals_on_the_way(const Dryrun& dryrun) {
  std::size_t refused = 0;
  for (const ProcessFindings& process : dryrun.processes) {
    if (process.pytorch) refused += process.pytorch->shortages.size();
  }
  if (refused == 0) return "";
  return fmt::format("PyTorch raised OutOfMemoryError {} on the way, and the script went on.\n",
                     plural(refused, "time", "times"));
}

Outcome outcome_of(const Dryrun& dryrun) {
  if (out_of_memory(dryrun) != nullptr) return Outcome::oom;
  if (dryrun.end.interrupted || dryrun.end.out_of_time) return Outcome::error;
  if (dryrun.end.status == 0) return Outcome::ok;
  return process_with_error(dryrun) == nullptr && refusals(dryrun) > 0 ? Outcome::oom : Outcome::error;
}

std::optional<std::size_t> smallest_device(const Dryrun& dryrun, const DryrunPart& part) {
  if (!part.as_recorded || part.as_recorded->smallest_device == 0 || out_of_memory(dryrun) != nullptr) {
    return std::nullopt;
  }
  return std::min(part.as_recorded->smallest_device, device_peak(part));
}

std::string retries_sentence(std::int64_t retries) {
  if (retries == 0) return "";
  const std::string times = retries == 1 ? "once" : fmt::format("{} times", retries);
  return fmt::format(" It gave its cache back to the device {} to get there, which costs time.", times);
}

std::string in_phase(std::string_view phase, std::int64_t step) {
  if (phase == "setup") return "before the first step";
  return fmt::format("in the {} phase of step {}", phase, step);
}

const PytorchError* out_of_memory(const Dryrun& dryrun) {
  const ProcessFindings* process = process_with_error(dryrun);
  if (process == nullptr || !process->pytorch->error->out_of_memory) return nullptr;
  return &*process->pytorch->error;
}

std::string dryrun_verdict(const Dryrun& dryrun) {
  if (out_of_memory(dryrun) != nullptr) return shortage_verdict(dryrun, *process_with_error(dryrun));
  const std::string end = early_end(dryrun);
  if (dryrun.parts.empty()) {
    return end + "Nothing touched CUDA: there is no device memory to tell of.\n";
  }
  return end + (end.empty() ? "It fits: " : "So far: ") + room(dryrun) + refusals_on_the_way(dryrun);
}

}  // namespace memsweep
