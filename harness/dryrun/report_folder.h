// The folder into which the processes of a dry run write their reports.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {

/// A folder that goes with this object.
class ReportFolder {
 public:
  ReportFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "memsweep-dryrun-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      throw UsageError(
          fmt::format("no folder can be made in {}", std::filesystem::temp_directory_path().string()));
    }
    path_ = pattern;
  }
  ~ReportFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace memsweep
