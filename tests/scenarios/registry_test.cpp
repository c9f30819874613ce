// Each scenario, model and optimizer is one file and one row: a file without a row would never run.

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "scenarios/model.h"
#include "scenarios/optimizer.h"
#include "scenarios/scenario.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

std::set<std::string> files_of(const std::string& folder, const std::set<std::string>& shared) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(MEMSWEEP_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == ".cpp" && !shared.contains(entry.path().stem()))
      names.insert(entry.path().stem());
  }
  return names;
}

template <typename Rows>
std::set<std::string> names_of(const Rows& rows) {
  std::set<std::string> names;
  for (const auto& row : rows) names.emplace(row.name);
  return names;
}

/// "graph-leak" stands in graph_leak.cpp; what the optimizers share has the name of their scenario.
std::set<std::string> files_of_scenarios() {
  std::set<std::string> files;
  for (std::string name : names_of(scenarios())) {
    std::replace(name.begin(), name.end(), '-', '_');
    files.insert(name == "optimizer" ? "optimizer_choice" : name);
  }
  return files;
}

TEST(Registry, HasARowForEachScenarioFile) {
  EXPECT_EQ(files_of_scenarios(),
            files_of("scenarios",
                     {"registry", "model", "optimizer", "optimizer_options", "patterns", "precision",
                      "training_step", "advise", "case", "case_json", "case_result", "loop", "variants"}));
}

TEST(Registry, HasARowForEachModelFile) { EXPECT_EQ(names_of(models()), files_of("scenarios/models", {})); }

TEST(Registry, HasARowForEachOptimizerFile) {
  const auto rows = names_of(optimizers());
  for (const std::string& file : files_of("scenarios/optimizers", {"script"}))
    EXPECT_TRUE(rows.contains(file)) << file;
}

TEST(Registry, BuildsEveryScenarioWithItsDefaults) {
  for (const Scenario& scenario : scenarios()) {
    if (scenario.variants == nullptr) continue;
    for (const Variant& variant : scenario.variants({}))
      EXPECT_NO_THROW(verify(variant.program(3))) << variant.label;
  }
}

TEST(Registry, HasVariantsOrExperimentsWithTheirConclusions) {
  for (const Scenario& scenario : scenarios()) {
    EXPECT_NE(scenario.variants == nullptr, scenario.experiments == nullptr) << scenario.name;
    EXPECT_EQ(scenario.experiments == nullptr, scenario.conclusions == nullptr) << scenario.name;
    if (scenario.experiments == nullptr) continue;
    EXPECT_FALSE(scenario.experiments({}, find_profile("cpu")).empty()) << scenario.name;
    EXPECT_TRUE(scenario.conclusions({}).empty()) << "nothing is concluded from nothing";
  }
}

// Models ------------------------------------------------------------------------------------------

/// The widths of a model's linear layers, as its weights show them.
std::vector<std::int64_t> widths(const std::string& spec) {
  ModelOptions options;
  options.spec = spec;
  const Program program = parse_model(options)(2, {});
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < program.parameters.size(); i += 2) {
    const Shape& weight = program.type(program.parameters[i].weight).shape;
    if (list.empty()) list.push_back(weight[1]);
    list.push_back(weight[0]);
  }
  return list;
}

TEST(MlpWidths, AreReadWithRepetitions) {
  EXPECT_EQ(widths("mlp:784-4096-4096-10"), (std::vector<std::int64_t>{784, 4096, 4096, 10}));
  EXPECT_EQ(widths("mlp:8x2-4x3-1"), (std::vector<std::int64_t>{8, 8, 4, 4, 4, 1}));
}

TEST(MlpWidths, AreRefusedIfTheyAreNone) {
  for (const char* spec : {"mlp:", "mlp:5", "mlp:0-3", "mlp:3--4", "mlp:3-x4-2", "mlp:3-4x0-2",
                           "mlp:3-99999999999-2", "mlp:3-4x9999999-2", "mlp:a-b", "mlp:-3-4"}) {
    EXPECT_THROW(static_cast<void>(widths(spec)), UsageError) << spec;
  }
}

TEST(TrainingStep, RefusesAPrecisionThatIsNotThere) {
  TrainingOptions options;
  options.precision.name = "fp8";
  EXPECT_THROW(static_cast<void>(parse_training_step(options)), UsageError);
}

}  // namespace
}  // namespace memsweep
