// A scenario: which variants of a training step are compared, and what is said of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/program/builder.h"
#include "harness/sweep/experiment.h"
#include "harness/sweep/variant.h"
#include "scenarios/loop.h"
#include "scenarios/model.h"

namespace memsweep {

/// As the user writes them; precision.h reads them.
struct PrecisionOptions {
  std::string name = "fp32";
  bool cast_cache = true;
  bool wide_loss = false;
  std::string scaler{};  // "default", or options as in "init_scale=1024,growth_interval=100"; empty: none
};

/// What the user chose; a scenario varies one part of it.
struct TrainingOptions {
  ModelOptions model;
  PrecisionOptions precision;
  std::string optimizer = "sgd";
  std::vector<std::string> recompute;  // policies; empty: those the scenario finds telling
  bool reentrant = false;              // use_reentrant=True; an input that can requires a gradient then
  LoopOptions loop;
  Randomness randomness;
  PytorchRelease release = PytorchRelease::v2_15;  // whose kernels' memory is followed
};

/// One of two kinds: training steps whose batch is swept, or experiments that are run once each.
struct Scenario {
  std::string_view name;
  std::string_view summary;
  /// The first variant is the one the others are compared with. Throws UsageError.
  std::vector<Variant> (*variants)(const TrainingOptions& options) = nullptr;
  /// `device` is that on which they will run; by subject, the first of each being what the others are
  /// compared with. Throws UsageError.
  std::vector<Experiment> (*experiments)(const TrainingOptions& options, const Profile& device) = nullptr;
  /// What the results of all experiments say, in sentences.
  std::vector<std::string> (*conclusions)(std::span<const ExperimentResult> results) = nullptr;
  /// Its experiments make requests of their own under settings of their own: of the user's choices only the
  /// device and the release make a difference.
  bool self_contained = false;
  /// Its variants must train to the same bits.
  bool same_results = false;
  /// Options, as in "--optimizer", that it sets itself: the user's make no difference.
  std::span<const std::string_view> varies{};
  /// Its variants are many, and what counts is which of them no other beats.
  bool front = false;
};

/// One row for each scenarios/<name>.cpp.
[[nodiscard]] std::span<const Scenario> scenarios();

/// Throws UsageError naming the nearest scenario there is.
[[nodiscard]] const Scenario& find_scenario(std::string_view name);

}  // namespace memsweep
