#include <array>
#include <string_view>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/scenario.h"

namespace memsweep {

std::vector<Variant> accumulation(const TrainingOptions& options);
std::vector<Variant> batch_size(const TrainingOptions& options);
std::vector<Variant> checkpointing(const TrainingOptions& options);
std::vector<Variant> inference(const TrainingOptions& options);
std::vector<Variant> mixed_precision(const TrainingOptions& options);
std::vector<Variant> offload(const TrainingOptions& options);
std::vector<Variant> pareto(const TrainingOptions& options);
std::vector<Variant> optimizer_choice(const TrainingOptions& options);
std::vector<Experiment> graph_leak(const TrainingOptions& options, const Profile& device);
std::vector<std::string> conclude_graph_leak(std::span<const ExperimentResult> results);
std::vector<Experiment> cleanup(const TrainingOptions& options, const Profile& device);
std::vector<std::string> conclude_cleanup(std::span<const ExperimentResult> results);
std::vector<Experiment> fragmentation(const TrainingOptions& options, const Profile& device);
std::vector<std::string> conclude_fragmentation(std::span<const ExperimentResult> results);

// What the scenarios set themselves.
constexpr std::array<std::string_view, 1> kOptimizer{"--optimizer"}, kAccumulate{"--accumulate"},
    kMode{"--mode"};
constexpr std::array<std::string_view, 3> kPrecision{"--precision", "--no-cast-cache", "--grad-scaler"};
constexpr std::array<std::string_view, 3> kOffload{"--offload", "--recompute", "--reentrant"};
constexpr std::array<std::string_view, 5> kPareto{"--precision", "--no-cast-cache", "--grad-scaler",
                                                  "--optimizer", "--recompute"};
constexpr std::array<std::string_view, 10> kTraining{
    "--mode", "--optimizer", "--recompute",      "--reentrant",           "--accumulate",
    "--clip", "--offload",   "--keep-gradients", "--input-requires-grad", "--grad-scaler"};

std::span<const Scenario> scenarios() {
  static constexpr std::array kScenarios{
      Scenario{.name = "batch-size",
               .summary = "what stands whatever the batch, what each sample takes, and the largest batch",
               .variants = batch_size},
      Scenario{.name = "checkpointing",
               .summary = "how far the batch grows with recomputation, and what that costs in time",
               .variants = checkpointing,
               .same_results = true},
      Scenario{.name = "optimizer",
               .summary = "what optimizers keep, and what they take while they run",
               .variants = optimizer_choice,
               .varies = kOptimizer},
      Scenario{.name = "mixed-precision",
               .summary = "16-bit types and autocast, which can cost memory as well as save it",
               .variants = mixed_precision,
               .varies = kPrecision},
      Scenario{.name = "offload",
               .summary = "activations in host memory, against recomputation",
               .variants = offload,
               .same_results = true,
               .varies = kOffload},
      Scenario{.name = "pareto",
               .summary = "precision x optimizer x recomputation: which combinations nothing beats",
               .variants = pareto,
               .varies = kPareto,
               .front = true},
      Scenario{.name = "accumulation",
               .summary = "the same batch in micro-batches, one after the other",
               .variants = accumulation,
               .varies = kAccumulate},
      Scenario{.name = "inference",
               .summary = "evaluation under no_grad, and with a graph that nobody asked for",
               .variants = inference,
               .varies = kTraining},
      Scenario{
          .name = "graph-leak",
          .summary = "a list of losses that holds every graph: steps until memory runs out, and the cure",
          .experiments = graph_leak,
          .conclusions = conclude_graph_leak,
          .varies = kMode},
      Scenario{.name = "fragmentation",
               .summary = "patterns that fail although memory is free, and which settings cure them",
               .experiments = fragmentation,
               .conclusions = conclude_fragmentation,
               .self_contained = true},
      Scenario{
          .name = "cleanup",
          .summary = "what del and empty_cache give back, and where a step only runs by flushing the cache",
          .experiments = cleanup,
          .conclusions = conclude_cleanup},
  };
  return kScenarios;
}

const Scenario& find_scenario(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Scenario& scenario : scenarios()) {
    if (scenario.name == name) return scenario;
    known.push_back(scenario.name);
  }
  throw UsageError(unknown("scenario", name, known));
}

}  // namespace memsweep
