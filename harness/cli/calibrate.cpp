#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/run_context.h"
#include "harness/report/quantity.h"
#include "harness/report/table.h"
#include "harness/sweep/calibration.h"

namespace memsweep {
namespace {

std::string value_of(const Measurement& each) {
  return each.unit == "s" ? format_duration(each.amount) : format_count(each.amount) + each.unit;
}

std::string table_of(const Calibration& calibration) {
  std::vector<std::vector<std::string>> records{{"what", "reached", "median", "iqr", "samples"}};
  for (const Measurement& each : calibration.measurements) {
    records.push_back({each.name, value_of(each), format_duration(each.seconds.median),
                       format_duration(each.seconds.iqr), fmt::format("{}", each.seconds.samples)});
  }
  return format_table(records);
}

void write_profile(const Profile& profile, const std::string& file) {
  std::ofstream out(file);
  out << profile_text(profile) << std::flush;
  if (!out) throw UsageError(fmt::format("cannot write to {}", file));
  fmt::print("Profile: {}, for --device sim --profile\n", file);
}

}  // namespace

int calibrate_device(const CalibrateOptions& options) {
  const OpenedDevice opened = open_device(options.device);
  if (!opened.remark.empty()) remark(opened.remark);
  Device& device = *opened.device;
  const std::string before = device.condition();
  const Calibration found = calibrate(device);
  fmt::print("calibrate: {} with {}\n\n{}", device.name(), format_bytes(device.profile().memory_bytes),
             table_of(found));
  fmt::print("\nThe context takes {}; at most {} could be allocated beside it.\n",
             format_bytes(device.profile().context_bytes), format_bytes(found.largest_bytes));
  if (!before.empty()) fmt::print("{} before, {} after.\n", before, device.condition());
  if (!options.out.empty()) write_profile(found.profile, options.out);
  return 0;
}

}  // namespace memsweep
