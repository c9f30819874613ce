#include "harness/report/compare.h"

#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/report/compare_experiments.h"
#include "harness/report/compare_trials.h"
#include "harness/report/matching.h"
#include "harness/report/results_file.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

/// Where that is not known, it is taken for granted.
bool on_same_machine(const std::optional<RunRecord>& base, const std::optional<RunRecord>& next) {
  if (!base || !next) return true;
  const auto machine = [](const nlohmann::json& environment) {
    const auto known = environment.is_object() ? environment : nlohmann::json::object();
    return std::pair(known.value("processor", nlohmann::json()), known.value("threads", nlohmann::json()));
  };
  return machine(base->environment) == machine(next->environment);
}

/// All that decides what is compared. A time limit decides how well times are known.
nlohmann::json comparable_settings(nlohmann::json settings) {
  if (!settings.is_object()) return settings;
  settings.erase("time_limit");
  const auto device = settings.find("device");
  if (device != settings.end() && device->is_string())
    *device = comparable_device(device->get_ref<const std::string&>());
  return settings;
}

std::string different_setting(const std::optional<RunRecord>& base, const std::optional<RunRecord>& next) {
  if (!base || !next) return {};
  return first_difference(comparable_settings(base->settings), comparable_settings(next->settings));
}

/// Whether both files hold experiments; neither may alone.
bool both_hold_experiments(const fs::path& base, const fs::path& next) {
  const bool experiments = holds_experiments(base);
  if (experiments == holds_experiments(next)) return experiments;
  const auto& [of_experiments, other] = experiments ? std::tie(base, next) : std::tie(next, base);
  static_cast<void>(read_rows(other));  // if it is none of training steps either, that is what is said
  throw UsageError(fmt::format("{} holds experiments and {} training steps; they cannot be compared",
                               of_experiments.string(), other.string()));
}

}  // namespace

Comparison compare(const fs::path& base, const fs::path& next) {
  const bool experiments = both_hold_experiments(base, next);
  const auto base_record = read_record(base), next_record = read_record(next);
  if (const std::string difference = different_setting(base_record, next_record); !difference.empty()) {
    throw UsageError(fmt::format("{} and {} were measured under different settings ({})", base.string(),
                                 next.string(), difference));
  }
  const bool same_machine = on_same_machine(base_record, next_record);
  return conclude(experiments ? compare_experiments(base, next, same_machine)
                              : compare_trials(base, next, same_machine));
}

}  // namespace memsweep
