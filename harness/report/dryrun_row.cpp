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

/// What PyTorch says of a shortage, behind the place that asked.
std::string words_on(const PytorchShortage& shortage, const PytorchError* error) {
  std::string text = shortage.place ? describe(*shortage.place) : "no line of Python";
  return error == nullptr ? text : text + ": " + error->message;
}

void add_shortage(TrialResult& result, const Dryrun& dryrun, const DryrunPart& part) {
  result.verdict = Verdict::capacity;
  const auto& pytorch = process_of(dryrun, part).pytorch;
  if (!pytorch || pytorch->shortages.empty()) return;
  const PytorchShortage& shortage = pytorch->shortages.back();
  result.refused_bytes = shortage.requested;
  result.phase = phase_of(shortage.phase);
  result.phase_step = shortage.step;
  result.verdict = verdict_of_shortage(part, shortage, dryrun.capacity);
  result.message = words_on(shortage, out_of_memory(dryrun));
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TrialResult result_of(const Dryrun& dryrun, const DryrunPart& part) {
  TrialResult result;
  result.outcome = outcome_of(dryrun);
  result.peak = peak_of(part);
  result.overhead_bytes = part.pytorch ? part.used_before : part.standin->context;
  if (part.pytorch) {
    result.steps = process_of(dryrun, part).pytorch->steps;
    result.alloc_retries = part.pytorch->retries;
    result.verdict = result.alloc_retries > 0 ? Verdict::flushing : Verdict::fits;
  }
  if (part.history) {
    result.phase = phase_of(part.history->phase);
    result.phase_step = part.history->step;
    for (const Share& share : part.history->categories) {
      result.by_category[static_cast<std::size_t>(category_of(share.what))] += share.bytes;
    }
  }
  if (result.outcome == Outcome::oom) add_shortage(result, dryrun, part);
  if (result.outcome == Outcome::ok) result.message = without_line_end(refusals_on_the_way(dryrun));
  if (result.outcome == Outcome::error) result.message = without_line_end(early_end(dryrun));
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
    row.result = result_of(dryrun, part);
  }
  return rows;
}

Row row_of_probe(const Dryrun& dryrun, const Row& common) {
  const DryrunPart* refused = refused_part(dryrun);
  Row row = common;
  row.result = result_of(dryrun, refused == nullptr ? *fullest_part(dryrun) : *refused);
  return row;
}

}  // namespace memsweep
