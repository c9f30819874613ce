#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/cli/commands.h"
#include "harness/cli/followed.h"
#include "harness/report/boundary_row.h"
#include "harness/report/row.h"
#include "harness/report/stage_row.h"
#include "harness/report/table.h"
#include "scenarios/optimizer.h"
#include "scenarios/precision.h"

namespace memsweep {
namespace {

/// Each once, by name.
std::vector<std::string> variants_of(const Scenario& scenario) {
  std::vector<std::string> labels;
  const auto add = [&labels](const std::string& label) {
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  };
  if (has_experiments(scenario)) {
    for (const Experiment& each : scenario.experiments({}, find_profile("h100-sxm-80gb"))) add(each.variant);
  } else {
    for (const Variant& variant : scenario.variants({})) add(variant.label);
  }
  return labels;
}

void list_scenarios() {
  fmt::print("Scenarios (--scenario)\n");
  for (const Scenario& scenario : scenarios()) {
    fmt::print("  {:<16}{}\n", scenario.name, scenario.summary);
    fmt::print("  {:<16}{}: {}\n", "",
               has_experiments(scenario) ? "variants" : "variants of the default model",
               fmt::join(variants_of(scenario), "; "));
  }
}

void list_models() {
  fmt::print("Models (--model)\n");
  for (const Model& model : models()) fmt::print("  {}\n  {:<16}{}\n", model.syntax, "", model.summary);
  fmt::print("Models by name (--model)\n");
  for (const Preset& preset : presets()) fmt::print("  {:<16}{}\n", preset.name, preset.spec);
  fmt::print("Activations (--activation)\n  {}\n", fmt::join(activation_names(), ", "));
}

/// "lr=0.01 nesterov=false implementation=foreach|for-loop|fused"
std::string options_of(const Optimizer& optimizer) {
  std::string text;
  for (const OptimizerOption& option : optimizer.options) {
    const bool flag = option.values == Values::flag;
    text += flag ? fmt::format("{}={} ", option.name, option.standard != 0)
                 : fmt::format("{}={} ", option.name, option.standard);
  }
  std::vector<std::string_view> implementations;
  for (const Implementation each : optimizer.implementations) implementations.push_back(name_of(each));
  return text + fmt::format("implementation={}", fmt::join(implementations, "|"));
}

void list_optimizers() {
  fmt::print("Optimizers (--optimizer), options and defaults; as in adamw:lr=0.001,implementation=fused\n");
  for (const Optimizer& optimizer : optimizers()) {
    fmt::print("  {:<16}{}\n", optimizer.name, optimizer.summary);
    fmt::print("  {:<16}{}\n", "", options_of(optimizer));
  }
}

void list_precisions() {
  fmt::print("Precisions (--precision), with --no-cast-cache, --fp32-loss and --grad-scaler\n");
  for (const Precision& precision : precisions())
    fmt::print("  {:<16}{}\n", precision.name, precision.summary);
}

void list_devices() {
  fmt::print("Devices (--device)\n  {:<16}{}\n  {:<16}{}\n  {:<16}{}\n", "auto",
             "cuda where there is one, else cpu", "cpu", "real arithmetic in host memory under a cap",
             "sim:PROFILE", "bytes are counted, times are modelled, for each of these:");
  const auto teraflops = [](double rate) { return fmt::format("{:.1f}", rate / 1e12); };
  std::vector<std::vector<std::string>> records{
      {"PROFILE", "memory", "SMs", "GB/s", "fp32", "tf32", "fp16", "bf16 TFLOPS"}};
  for (const Profile& p : profiles()) {
    const auto count = p.multiprocessors.count;
    records.push_back({p.name, format_bytes(p.memory_bytes), count == 0 ? "-" : fmt::format("{}", count),
                       fmt::format("{:.0f}", p.bandwidth / 1e9), teraflops(p.f32_rate),
                       teraflops(p.tf32_rate), teraflops(p.f16_rate), teraflops(p.bf16_rate)});
  }
  fmt::print("\n{}", format_table(records));
}

template <typename AnyRow>
void print_columns() {
  fmt::print("| column | unit | meaning |\n| --- | --- | --- |\n");
  for (const auto& column : columns<AnyRow>())
    fmt::print("| `{}` | {} | {} |\n", column.name, column.unit, column.meaning);
}

/// In Markdown, since the README holds this very text.
void list_columns() {
  fmt::print("Training steps: one row a trial, `<scenario>.csv`:\n\n");
  print_columns<Row>();
  fmt::print("\nBeside it, one row a variant, `<scenario>.boundaries.csv`:\n\n");
  print_columns<BoundaryRow>();
  fmt::print("\nExperiments: one row a stage, `<scenario>.csv`:\n\n");
  print_columns<StageRow>();
}

struct Topic {
  std::string_view name;
  void (*print)();
};

constexpr std::array kTopics{
    Topic{"scenarios", list_scenarios},   Topic{"models", list_models},
    Topic{"optimizers", list_optimizers}, Topic{"precisions", list_precisions},
    Topic{"devices", list_devices},       Topic{"columns", list_columns},
};

}  // namespace

int list(const std::string& wanted) {
  std::array<std::string_view, kTopics.size()> names;
  for (std::size_t i = 0; i < kTopics.size(); ++i) {
    names[i] = kTopics[i].name;
    if (wanted == kTopics[i].name) {
      kTopics[i].print();
      return 0;
    }
  }
  if (!wanted.empty()) throw UsageError(unknown("topic", wanted, names));
  for (const Topic& topic : kTopics) {
    if (topic.name == "columns") continue;
    topic.print();
    fmt::print("\n");
  }
  fmt::print("The columns of a CSV file: memsweep list columns\n");
  return 0;
}

}  // namespace memsweep
