// A scenario: which variants of a training step are compared, and what is said of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/program/builder.h"
#include "harness/sweep/variant.h"
#include "scenarios/model.h"

namespace memsweep {

/// What the user chose; a scenario varies one part of it.
struct TrainingOptions {
  ModelOptions model;
  std::string precision = "fp32";
  std::string optimizer = "sgd";
  std::vector<std::string> recompute;  // policies; empty: those the scenario finds telling
  Randomness randomness;
};

struct Scenario {
  std::string_view name;
  std::string_view summary;
  /// The first variant is the one the others are compared with. Throws UsageError.
  std::vector<Variant> (*variants)(const TrainingOptions& options);
};

/// One row for each scenarios/<name>.cpp.
[[nodiscard]] std::span<const Scenario> scenarios();

/// Throws UsageError naming the nearest scenario there is.
[[nodiscard]] const Scenario& find_scenario(std::string_view name);

}  // namespace memsweep
