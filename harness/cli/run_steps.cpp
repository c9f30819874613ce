#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/cli/commands.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/run_context.h"
#include "harness/report/phase_report.h"
#include "harness/sweep/predict.h"
#include "scenarios/case_result.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 3> kFormats{"table", "csv", "json"};

Case case_of(const CaseOptions& options) {
  const RunOptions& run = options.run;
  Case one;
  one.id = "run";
  one.training = run.training;
  if (one.training.recompute.size() > 1) throw UsageError("run takes one recompute policy at a time");
  one.batch = options.batch;
  one.steps = options.steps;
  one.alloc_conf = run.alloc_conf;
  return one;
}

/// The smallest device on which the steps run. Nothing where they run on none.
std::optional<std::size_t> smallest_device(const Case& one, const Profile& profile) {
  TrialOptions options;
  options.release = one.training.release;
  options.settings = parse_settings(one.alloc_conf, options.release);
  options.least_steps = options.most_steps = one.steps;
  return smallest_memory({one.id, parse_training_step(one.training)}, one.batch, profile, options);
}

void print_losses(const std::vector<float>& losses) {
  if (losses.empty()) return;
  fmt::print("\nLoss: {:.6g} at first, {:.6g} at last", losses.front(), losses.back());
  const auto bad =
      std::find_if_not(losses.begin(), losses.end(), [](float loss) { return std::isfinite(loss); });
  if (bad != losses.end()) fmt::print("; the one of pass {} is no number", bad - losses.begin() + 1);
  fmt::print(".\n");
}

void print_report(const Case& one, const PhaseRun& run, const Device& device, const std::string& release) {
  fmt::print("run: {}, batch {}; {} with {}, allocator of PyTorch {}{}\n\n{}", describe(one.training),
             one.batch, device.name(), format_bytes(device.profile().memory_bytes), release,
             one.alloc_conf.empty() ? "" : " under " + one.alloc_conf, phase_table(run));
  fmt::print("\nAt the peak:\n{}", peak_table(run));
  print_losses(run.losses);
  if (run.outcome == Outcome::oom) {
    fmt::print("\nOut of memory in step {} after {}: {}\n", run.at_failure.step, run.at_failure.phase,
               run.message);
  }
  const auto smallest = smallest_device(one, device.profile());
  const std::size_t context = device.profile().context_bytes;
  fmt::print("\nThese steps need a device of {}{}.\n", smallest ? format_bytes(*smallest) : "more than 8TiB",
             context == 0 ? "" : fmt::format(", {} of them for the context", format_bytes(context)));
}

void print_json(const Case& one, const PhaseRun& run, const Device& device, bool events) {
  auto line = result_json(case_json(one), run);
  line["device"] = device.name();
  if (const std::string libraries = device.libraries(); !libraries.empty()) line["libraries"] = libraries;
  const auto smallest = smallest_device(one, device.profile());
  line["smallest_memory"] = smallest ? nlohmann::ordered_json(*smallest) : nlohmann::ordered_json();
  for (const OpShare& share : shares_at_peak(run.recording)) line["at_peak"][share.op] = share.bytes;
  if (!run.losses.empty()) line["losses"] = run.losses;
  fmt::print("{}\n", line.dump());
  if (events) fmt::print("{}\n", events_json(one.id, run).dump());
}

int run_one(const CaseOptions& options) {
  const Case one = case_of(options);
  static_cast<void>(CaseProgram(one));  // refused, if it is to be, before anything is said
  const OpenedDevice opened = open_device(options.run.device);
  if (!opened.remark.empty() && !options.run.quiet) remark(opened.remark);
  catch_interrupts();
  const PhaseRun run = run_case(one, *opened.device, interrupt_requested);
  if (options.format == "json") {
    print_json(one, run, *opened.device, options.events);
  } else if (options.format == "csv") {
    fmt::print("{}", options.events ? allocation_csv(run) : phase_csv(run));
  } else {
    print_report(one, run, *opened.device, options.run.pytorch);
    if (options.events) fmt::print("\n{}", allocation_table(run));
  }
  return 0;
}

void run_line(const std::string& text, const CaseOptions& options) {
  nlohmann::json json = nlohmann::json::parse(text);
  if (json.contains("case")) json = nlohmann::json(json.at("case"));  // a line of results is a case as well
  Case one = read_case(json);
  one.training.release = options.run.training.release;
  if (one.search) {
    fmt::print("{}\n", search_json(json, one).dump());
    return;
  }
  const PhaseRun run = run_case(one, *make_sim(profile_of(one)), interrupt_requested);
  fmt::print("{}\n", result_json(json, run).dump());
  if (options.events && json.value("events", false)) fmt::print("{}\n", events_json(one.id, run).dump());
}

/// What a case says for itself, and what only tables have.
void refuse_beside_cases(const CaseOptions& options) {
  for (const std::string& given : options.run.given) {
    if (given == "--cases" || given == "--events" || given == "--pytorch" || given == "--quiet" ||
        given == "--format")
      continue;
    throw UsageError(
        fmt::format("--cases has no use for {}: each case says that itself; leave it out", given));
  }
}

int run_cases(const CaseOptions& options) {
  refuse_beside_cases(options);
  std::ifstream file(options.cases);
  if (!file) throw UsageError(fmt::format("cannot read {}", options.cases));
  catch_interrupts();
  std::int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) continue;
    try {
      run_line(line, options);
    } catch (const nlohmann::json::exception&) {
      throw UsageError(fmt::format("{}:{}: not a case in JSON", options.cases, number));
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}:{}: {}", options.cases, number, error.what()));
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int run_steps_of(const CaseOptions& options) {
  if (std::find(kFormats.begin(), kFormats.end(), options.format) == kFormats.end()) {
    throw UsageError(unknown("format", options.format, kFormats));
  }
  return options.cases.empty() ? run_one(options) : run_cases(options);
}

}  // namespace memsweep
