// Where the trials of a command run: here, or each in a child process that opens the device for itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/errors.h"
#include "harness/cli/child_process.h"
#include "harness/device/device.h"
#include "harness/report/results_file.h"

namespace memsweep {

struct IsolationOptions {
  bool in_process = false;              // no child processes, on cuda neither
  std::optional<double> limit_seconds;  // of a trial; where it is given, trials run in children on any device
};

/// On cuda, trials run in children unless they are not to: an error there spoils the process that meets it,
/// and a kernel that hangs hangs with it. This process never touches the GPU then.
class Workplace {
 public:
  /// Throws UsageError, and DeviceError where the device cannot be used.
  Workplace(const DeviceOptions& device, const IsolationOptions& isolation,
            std::function<bool()> interrupted);

  /// Where trials run in children, it describes the device and can do nothing else.
  [[nodiscard]] const Device& device() const { return *opened_.device; }
  [[nodiscard]] const std::string& remark() const { return opened_.remark; }

  /// The rows of a trial. What ends it but UsageError and Interrupted makes one row: `failed` with the
  /// reason.
  template <typename AnyRow>
  [[nodiscard]] std::vector<AnyRow> rows_of(const std::function<std::vector<AnyRow>(Device&)>& trial,
                                            const std::function<AnyRow(const std::string&)>& failed) const {
    try {
      if (!isolated_) return on(*opened_.device, trial);
      return parse_rows<AnyRow>(in_child_process(
          [&] {
            const auto fresh = reopen_ ? reopen_() : nullptr;
            return rows_text<AnyRow>(on(fresh ? *fresh : *opened_.device, trial));
          },
          limits_));
    } catch (const ChildFailure& failure) {
      return {failed(failure.what())};
    } catch (const DeviceError& error) {
      return {failed(error.what())};
    }
  }

 private:
  template <typename AnyRow>
  static std::vector<AnyRow> on(Device& device, const std::function<std::vector<AnyRow>(Device&)>& trial) {
    try {
      std::vector<AnyRow> rows = trial(device);
      device.expect_sound();
      return rows;
    } catch (const DeviceError&) {
      forget_failures(device);
      throw;
    }
  }

  /// They are this trial's, not the next one's.
  static void forget_failures(Device& device);

  ChildLimits limits_;
  std::function<std::unique_ptr<Device>()> reopen_;  // in a child; empty where the device of here serves
  OpenedDevice opened_;
  bool isolated_;
};

}  // namespace memsweep
