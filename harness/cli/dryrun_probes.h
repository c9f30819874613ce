// The runs of a sweep: each value once, in whatever process is cheapest, and its row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/cli/dryrun_options.h"
#include "harness/dryrun/environment.h"
#include "harness/dryrun/script_runs.h"
#include "harness/report/dryrun_report.h"
#include "harness/report/results_file.h"

namespace memsweep {

/// A run that neither fitted nor was refused memory; the sentence says how it ended.
struct FailedProbe : std::runtime_error {
  FailedProbe(const std::string& reason, int its_status) : std::runtime_error(reason), status(its_status) {}
  int status;  // its exit status
};

class DryrunProbes {
 public:
  /// Throws UsageError, and DeviceError where a GPU was asked for and there is none.
  explicit DryrunProbes(const DryrunOptions& options);

  /// Runs the command with that value, unless a row says what came of it. A line on stderr says what did.
  /// Throws Interrupted, FailedProbe, and UsageError where the command cannot be started.
  Row probe(std::int64_t value);

  /// All that is known, be it from an earlier sweep.
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  /// How far to trust a row: sentences, empty for those of an earlier sweep.
  [[nodiscard]] std::string honesty(std::int64_t value) const;
  /// What the last run wrote.
  [[nodiscard]] std::string output() const { return runs_.output(); }
  [[nodiscard]] std::string errors() const { return runs_.errors(); }

  /// "python train.py --batch-size {batch} on h100-sxm-80gb with 79.18GiB".
  [[nodiscard]] std::string description() const;
  [[nodiscard]] std::size_t capacity() const { return profile_.memory_bytes; }

 private:
  [[nodiscard]] Dryrun run_with(std::int64_t value);
  [[nodiscard]] Row row_of(std::int64_t value, const Dryrun& dryrun) const;

  const DryrunOptions& options_;
  std::optional<DryrunDevice> modelled_;  // none: the GPU that is here
  Profile profile_;                       // name and memory alone, of that
  std::filesystem::path standin_;
  ScriptRuns runs_;
  Row common_;
  std::optional<ResultsFile<Row>> file_;
  std::vector<Row> rows_;
  std::map<std::int64_t, std::string> honesty_;
};

}  // namespace memsweep
