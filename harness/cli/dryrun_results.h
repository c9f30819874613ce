// The results file of a dry run or of a sweep of one.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/cli/dryrun_options.h"
#include "harness/device/profile.h"
#include "harness/report/results_file.h"

namespace memsweep {

/// All that decides what a dry run finds, as far as its options say it: the script itself may change.
/// `device`: by its name in results files.
[[nodiscard]] nlohmann::json dryrun_settings(const DryrunOptions& options, const std::string& device,
                                             const Profile& profile);

/// The file of --csv, gone on with or begun; one without rows is begun anew. Throws UsageError.
[[nodiscard]] ResultsFile<Row> open_dryrun_results(const DryrunOptions& options, const std::string& device,
                                                   const Profile& profile);

}  // namespace memsweep
