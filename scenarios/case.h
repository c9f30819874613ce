// One configuration of a training loop on one device, down to what decides single bytes. Cases are written as
// JSON lines in the format of tests/golden/pytorch (its README says what each field means).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/device/profile.h"
#include "harness/program/schedule.h"
#include "harness/sweep/phase_run.h"
#include "scenarios/scenario.h"

namespace memsweep {

/// Instead of one run: which batches survive?
struct CaseSearch {
  std::int64_t start = 0;                        // doubled until it fails, then bisected; 0: a scan
  std::int64_t first = 0, last = 0, stride = 0;  // of a scan
};

struct Case {
  std::string id;
  TrainingOptions training;  // at most one recompute policy; none: no recomputation
  bool scaler = false;       // torch.amp.GradScaler() with its defaults, in any precision as PyTorch allows
  std::int64_t batch = 32;
  std::vector<std::int64_t> batches;  // of each step in turn; empty: all `batch`
  std::vector<std::int64_t> lengths;  // likewise, of the sequences of a gpt; empty: its context
  std::int64_t steps = 4;
  std::string alloc_conf;
  int compute_capability = 90;                   // major * 10 + minor
  std::size_t capacity = std::size_t{80} << 30;  // bytes
  std::optional<CaseSearch> search;
};

/// Throws UsageError naming the field that is missing, malformed or not modelled.
[[nodiscard]] Case read_case(const nlohmann::json& json);

/// A case that read_case() reads as the same, but for the device: that is the one it is run on.
[[nodiscard]] nlohmann::ordered_json case_json(const Case& one);

/// The device that a case describes: a GPU of that capability with nothing in use but its own.
[[nodiscard]] Profile profile_of(const Case& one);

/// Steps of a case, built once for each batch and length.
class CaseProgram {
 public:
  /// Throws UsageError for what cannot be built.
  explicit CaseProgram(const Case& one);
  /// Of a step from 1; stays valid as long as this.
  [[nodiscard]] const Schedule& operator()(std::int64_t step);

 private:
  struct Size {
    std::int64_t batch, length;  // 0: the model's own
    auto operator<=>(const Size&) const = default;
  };
  [[nodiscard]] Size size_of_step(std::int64_t step) const;
  [[nodiscard]] Program build(Size size) const;

  const Case& case_;
  std::map<Size, Schedule> by_size_;
};

/// What a search over batches gave.
struct CaseSearchResult {
  std::int64_t largest = 0;                   // batch that fits beside one that does not; 0: none
  std::map<std::int64_t, std::string> tried;  // "ok", or where memory ran out: "oom@2.loss"
};

/// Doubles from the start until a batch fails and bisects what lies between, or scans. Each batch is run on a
/// fresh device of profile_of(one).
[[nodiscard]] CaseSearchResult search_case(const Case& one);

/// Runs a case. Throws UsageError for options that contradict each other, and Interrupted.
[[nodiscard]] PhaseRun run_case(const Case& one, Device& device,
                                const std::function<bool()>& interrupted = {});

}  // namespace memsweep
