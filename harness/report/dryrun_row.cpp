#include "harness/report/dryrun_row.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/report/dryrun_verdict.h"

namespace memsweep {
namespace {

Category category_of(std::string_view share) {
  constexpr std::array<std::pair<std::string_view, Category>, 6> kNames{
      {{"parameters", Category::weight},
       {"buffers", Category::weight},
       {"gradients", Category::gradient},
       {"optimizer state", Category::optimizer_state},
       {"activations and inputs", Category::activation},
       {"workspaces of cuBLAS", Category::workspace}}};
  const auto found = std::ranges::find(kNames, share, [](const auto& entry) { return entry.first; });
  return found == kNames.end() ? Category::temporary : found->second;
}

Phase phase_of(std::string_view name) {
  for (const Phase phase : {Phase::setup, Phase::forward, Phase::backward, Phase::optimizer}) {
    if (name_of(phase) == name) return phase;
  }
  return Phase::data;
}

const ProcessFindings& process_of(const Dryrun& dryrun, const DryrunPart& part) {
  return *std::ranges::find(dryrun.processes, part.pid, &ProcessFindings::pid);
}

Levels peak_of(const DryrunPart& part) {
  Levels peak;
  if (part.pytorch)
    peak = {part.pytorch->peak.requested, part.pytorch->peak.allocated, part.pytorch->peak.reserved, 0};
  peak.device = device_peak(part);
  return peak;
}

/// Null where no process of PyTorch was refused anything.
const PytorchFindings* refused_process(const Dryrun& dryrun, const DryrunPart* part) {
  if (part != nullptr) {
    const auto& pytorch = process_of(dryrun, *part).pytorch;
    return pytorch && !pytorch->shortages.empty() ? &*pytorch : nullptr;
  }
  const auto process = std::ranges::find_if(
      dryrun.processes, [](const ProcessFindings& p) { return p.pytorch && !p.pytorch->shortages.empty(); });
  return process == dryrun.processes.end() ? nullptr : &*process->pytorch;
}

/// What PyTorch says of a shortage, behind the place that asked.
std::string words_on(const PytorchShortage& shortage, const PytorchError* error) {
  std::string text = shortage.place ? describe(*shortage.place) : "no line of Python";
  return error == nullptr ? text : text + ": " + error->message;
}

/// `part`: null where not even the first request was served.
void add_shortage(TrialResult& result, const Dryrun& dryrun, const DryrunPart* part) {
  result.verdict = Verdict::capacity;
  const PytorchFindings* pytorch = refused_process(dryrun, part);
  if (pytorch == nullptr) return;
  const PytorchShortage& shortage = pytorch->shortages.back();
  result.refused_bytes = shortage.requested;
  result.phase = phase_of(shortage.phase);
  result.phase_step = shortage.step;
  if (part != nullptr) result.verdict = verdict_of_shortage(*part, shortage, dryrun.capacity);
  result.message = words_on(shortage, out_of_memory(dryrun));
}

void add_part(TrialResult& result, const Dryrun& dryrun, const DryrunPart& part) {
  result.peak = peak_of(part);
  result.overhead_bytes = part.pytorch ? part.used_before : part.standin->context;
  if (part.pytorch) {
    result.steps = process_of(dryrun, part).pytorch->steps;
    result.alloc_retries = part.pytorch->retries;
    result.verdict = result.alloc_retries > 0 ? Verdict::flushing : Verdict::fits;
  }
  if (!part.history) return;
  result.phase = phase_of(part.history->phase);
  result.phase_step = part.history->step;
  for (const Share& share : part.history->categories) {
    result.by_category[static_cast<std::size_t>(category_of(share.what))] += share.bytes;
  }
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TrialResult result_of(const Dryrun& dryrun, const DryrunPart* part) {
  TrialResult result;
  result.outcome = outcome_of(dryrun);
  if (part == nullptr) {
    result.peak.device = result.overhead_bytes = dryrun.context;
  } else {
    add_part(result, dryrun, *part);
  }
  switch (result.outcome) {
    case Outcome::ok: result.message = without_line_end(refusals_on_the_way(dryrun)); break;
    case Outcome::oom: add_shortage(result, dryrun, part); break;
    case Outcome::error: result.message = without_line_end(early_end(dryrun)); break;
  }
  return result;
}

/// "process 2, device 0", where processes count from 1.
std::string name_of_part(const Dryrun& dryrun, const DryrunPart& part) {
  const auto process = &process_of(dryrun, part) - dryrun.processes.data();
  return fmt::format("process {}, device {}", process + 1, part.device);
}

}  // namespace

Row dryrun_row(const std::string& command, const std::string& device) {
  Row row;
  row.scenario = "dryrun";
  row.model = command;
  row.device = device;
  row.purpose = Purpose::grid;
  return row;
}

std::vector<Row> rows_of(const Dryrun& dryrun, const Row& common) {
  std::vector<Row> rows;
  for (const DryrunPart& part : dryrun.parts) {
    Row& row = rows.emplace_back(common);
    row.variant = name_of_part(dryrun, part);
    row.result = result_of(dryrun, &part);
  }
  return rows;
}

Row row_of_probe(const Dryrun& dryrun, const Row& common) {
  const DryrunPart* refused = refused_part(dryrun);
  Row row = common;
  row.result = result_of(dryrun, refused == nullptr ? fullest_part(dryrun) : refused);
  return row;
}

}  // namespace memsweep
