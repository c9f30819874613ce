#include "harness/cli/dryrun_probes.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/dryrun_device.h"
#include "harness/cli/dryrun_results.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/run_context.h"
#include "harness/dryrun/present_gpu.h"
#include "harness/dryrun/report_folder.h"
#include "harness/report/dryrun_honesty.h"
#include "harness/report/dryrun_parts.h"
#include "harness/report/dryrun_row.h"
#include "harness/report/dryrun_verdict.h"

namespace memsweep {
namespace {

Profile profile_of(const PresentGpu& gpu) {
  Profile profile;
  profile.name = gpu.name;
  profile.memory_bytes = gpu.memory_bytes;
  return profile;
}

std::optional<DryrunDevice> modelled_device(const DryrunOptions& options) {
  return options.on_gpu ? std::nullopt : std::optional(dryrun_device(options));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Why there is no answer for a value, a sentence; empty: there is one.
std::string failure(const Dryrun& dryrun) {
  if (dryrun.end.out_of_time) {
    return fmt::format("It was ended after {:.0f} s, as --time-limit says: nobody knows whether it fits.",
                       dryrun.end.seconds);
  }
  const Outcome outcome = outcome_of(dryrun);
  if (outcome == Outcome::error) return first_line(early_end(dryrun));
  const bool idle = outcome == Outcome::ok && dryrun.parts.empty();
  return idle ? "Nothing touched CUDA: there is no device memory to tell of." : "";
}

}  // namespace

DryrunProbes::DryrunProbes(const DryrunOptions& options)
    : options_(options),
      modelled_(modelled_device(options)),
      profile_(modelled_ ? modelled_->profile : profile_of(present_gpu())),
      standin_(standin_folder()),
      runs_(modelled_ ? standin_ / "python/memsweep_hook/server.py" : ""),
      common_(dryrun_row(fmt::format("{}", fmt::join(options.command, " ")),
                         modelled_ ? name_of(*modelled_) : "cuda:" + profile_.name)) {
  common_.variant = options.sweep->name;
  common_.purpose = options.sweep->values.empty() ? Purpose::boundary : Purpose::grid;
  if (options.csv.empty()) return;
  file_.emplace(open_dryrun_results(options, common_.device, profile_));
  rows_ = file_->rows();
  remark_known(rows_.size(), options.csv);
}

Row DryrunProbes::probe(std::int64_t value) {
  if (const Row* known = find_row(rows_, common_.scenario, common_.variant, value)) return *known;
  if (interrupt_requested()) throw Interrupted();
  const Dryrun dryrun = run_with(value);
  if (dryrun.end.interrupted) throw Interrupted();
  if (const std::string reason = failure(dryrun); !reason.empty())
    throw FailedProbe(fmt::format("At {}={}: {}", common_.variant, value, reason), dryrun.end.status);
  Row row = row_of(value, dryrun);
  honesty_[value] = dryrun_honesty(dryrun);
  remark(fmt::format("{}={} {}: {} at the peak", common_.variant, value,
                     row.result.outcome == Outcome::ok ? "fits" : "does not fit",
                     format_bytes(row.result.peak.device)));
  if (file_) file_->add(row);
  return rows_.emplace_back(std::move(row));
}

std::string DryrunProbes::honesty(std::int64_t value) const {
  const auto found = honesty_.find(value);
  return found == honesty_.end() ? "" : found->second;
}

std::string DryrunProbes::description() const {
  return fmt::format("{} on {} with {}", common_.model, profile_.name, format_bytes(capacity()));
}

Dryrun DryrunProbes::run_with(std::int64_t value) {
  const ReportFolder report;
  const Watching watching{standin_, report.path(), options_.alloc_conf, options_.steps};
  const auto variables = modelled_ ? dryrun_environment(watching, *modelled_) : gpu_environment(watching);
  TimeLimit time_limit;
  if (options_.time_limit) time_limit = std::chrono::duration<double>(*options_.time_limit);
  Dryrun dryrun;
  dryrun.capacity = capacity();
  dryrun.context = profile_.context_bytes;
  dryrun.end =
      runs_.run(substitute(options_.command, common_.variant, value), variables, report.path(), time_limit);
  read_parts(dryrun, report.path());
  return dryrun;
}

Row DryrunProbes::row_of(std::int64_t value, const Dryrun& dryrun) const {
  Row row = common_;
  row.batch = value;
  return row_of_probe(dryrun, row);
}

}  // namespace memsweep
