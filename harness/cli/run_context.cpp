#include "harness/cli/run_context.h"

#include <cstdio>
#include <vector>

#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/cli/followed.h"

namespace memsweep {
namespace {

/// A profile of the user's own may have changed since; those built in change with the version only.
nlohmann::json own_profile(const RunOptions& options, const Profile& p) {
  if (options.device.profile_file.empty()) return nullptr;
  return {p.compute_capability,
          p.multiprocessors.count,
          p.multiprocessors.threads_each,
          p.context_bytes,
          p.bandwidth,
          p.f32_rate,
          p.tf32_rate,
          p.f16_rate,
          p.bf16_rate,
          p.bandwidth_share,
          p.product_share,
          p.link_bandwidth,
          p.launch_seconds};
}

}  // namespace

void remark(std::string_view text) { fmt::print(stderr, "memsweep: {}\n", text); }

void remark_known(std::size_t rows, const std::filesystem::path& csv) {
  if (rows == 0) return;
  remark(fmt::format("{} rows were measured before and are taken from {}; --fresh measures anew", rows,
                     csv.string()));
}

std::string describe(const ModelOptions& model) {
  std::string text = fmt::format("{} {}", model.spec, activation_name(model));
  if (model.dropout > 0) text += fmt::format(" dropout={}", model.dropout);
  if (model.layer_norm) text += " layernorm";
  if (model.batch_norm) text += " batchnorm";
  if (!model.bias) text += " nobias";
  return text;
}

std::string describe(const PrecisionOptions& precision) {
  std::string text = precision.name;
  if (!precision.cast_cache) text += " no-cast-cache";
  if (precision.wide_loss) text += " fp32-loss";
  if (!precision.scaler.empty()) text += " grad-scaler";
  if (!precision.scaler.empty() && precision.scaler != "default") text += "=" + precision.scaler;
  return text;
}

std::string describe(const TrainingOptions& training) { return describe(training, Scenario{}); }

std::string describe(const TrainingOptions& training, const Scenario& scenario) {
  std::vector<std::string> parts{describe(training.model)};
  const auto add = [&](const char* option, const std::string& text) {
    if (!text.empty() && follows(scenario, option)) parts.push_back(text);
  };
  add("--precision", describe(training.precision));
  add("--optimizer", trains(training.loop.mode) ? training.optimizer : "no optimizer");
  add("--mode", describe(training.loop));
  return fmt::format("{}", fmt::join(parts, ", "));
}

nlohmann::json device_settings(const RunContext& context, const Scenario& scenario) {
  const Profile& profile = context.device().profile();
  return {{"scenario", scenario.name},
          {"device", context.device().name()},
          {"memory", format_bytes(profile.memory_bytes)},
          {"memory_bytes", profile.memory_bytes},
          {"profile", own_profile(context.options, profile)},
          {"pytorch", context.options.pytorch}};
}

nlohmann::json training_settings(const RunOptions& o) {
  nlohmann::json settings{
      {"model", describe(o.training.model)}, {"precision", describe(o.training.precision)},
      {"optimizer", o.training.optimizer},   {"seed", o.training.randomness.seed},
      {"alloc_conf", o.alloc_conf},          {"steps", o.steps}};
  if (const auto loop = describe(o.training.loop); !loop.empty()) settings["loop"] = loop;
  if (o.training.reentrant) settings["reentrant"] = true;
  return settings;
}

void print_title(const RunContext& context, const Scenario& scenario, std::string_view subject,
                 std::string_view alloc_conf) {
  fmt::print("{}: {}{}{} with {}, allocator of PyTorch {}{}\n", scenario.name, subject,
             subject.empty() ? "" : "; ", context.device().name(),
             format_bytes(context.device().profile().memory_bytes), context.options.pytorch,
             alloc_conf.empty() ? "" : fmt::format(" under {}", alloc_conf));
  if (!context.device().computes()) fmt::print("Simulated: bytes are counted, times are modelled.\n");
  fmt::print("\n");
}

}  // namespace memsweep
