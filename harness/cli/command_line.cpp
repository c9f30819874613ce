#include "harness/cli/command_line.h"

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/cli/commands.h"

namespace memsweep {
namespace {

constexpr const char* kExamples = R"(Examples:
  memsweep --scenario checkpointing
  memsweep --scenario checkpointing --device sim:h100-sxm-80gb --optimizer adamw
  memsweep --scenario checkpointing --model mlp:784-4096x8-10 --memory 4GiB --batches 64:1024:x2
  memsweep show --model mlp:64-32-10 --recompute sqrt
  memsweep compare results/cpu/checkpointing.csv new.csv
)";

/// Texts that need a look before they become options.
struct RawOptions {
  std::string memory;
  std::string batches;
  std::int64_t show_batch = 32;
  std::string topic;
  std::string base, next;
};

void add_training_options(CLI::App& app, RunOptions& o) {
  TrainingOptions& t = o.training;
  app.add_option("--model", t.model.spec, "model and its shape, as in mlp:784-4096x3-10")
      ->capture_default_str();
  app.add_option("--activation", t.model.activation, "behind each layer but the last")->capture_default_str();
  app.add_option("--dropout", t.model.dropout, "probability of a unit to be dropped")->capture_default_str();
  app.add_flag("--layernorm", t.model.layer_norm, "layer norm before each activation");
  app.add_flag("!--no-bias", t.model.bias, "linear layers without a bias");
  app.add_option("--precision", t.precision, "fp32")->capture_default_str();
  app.add_option("--optimizer", t.optimizer, "sgd, momentum or adamw, with options as in adamw:lr=0.001")
      ->capture_default_str();
  app.add_option("--recompute", t.recompute, "policies: none, every:K, sqrt, segments:K")->delimiter(',');
  app.add_option("--seed", t.randomness.seed, "of weights, data and dropout masks")->capture_default_str();
}

void add_run_options(CLI::App& app, RunOptions& o, RawOptions& raw) {
  app.add_option("--scenario", o.scenarios, "names, or all; see memsweep list")
      ->delimiter(',')
      ->envname("MEMSWEEP_SCENARIO");
  app.add_option("--device", o.device.spec, "auto, cpu, sim or sim:PROFILE")
      ->capture_default_str()
      ->envname("MEMSWEEP_DEVICE");
  app.add_option("--memory", raw.memory, "cap of the device, as in 512MiB")->envname("MEMSWEEP_MEMORY");
  app.add_option("--profile", o.device.profile_file, "JSON file of a device to simulate with --device sim");
  app.add_option("--batches", raw.batches,
                 "a grid instead of the search: 64,128,256 or 64:4096:x2 or 64:1024:+64");
  app.add_option("--steps", o.steps, "steps that a batch must survive")
      ->capture_default_str()
      ->check(CLI::Range(3, 1000));
  app.add_option("--time-limit", o.time_limit, "seconds of timed steps a trial")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--scan", o.scan, "look around each boundary on the simulated device and report holes");
  app.add_option("--pytorch", o.pytorch, "release whose allocator is followed: 2.11, 2.13 or 2.15")
      ->capture_default_str();
  app.add_option("--alloc-conf", o.alloc_conf, "settings of the allocator, in PyTorch's own grammar")
      ->envname("PYTORCH_CUDA_ALLOC_CONF");
  app.add_option("--csv", o.csv, "where rows go; default: results/<device>/<scenario>.csv")
      ->envname("MEMSWEEP_CSV");
  app.add_flag("--fresh", o.fresh, "measure anew what the file holds already");
  app.add_flag("--quiet", o.quiet, "no progress and no remarks on stderr");
}

/// Turns CLI11's complaint into a sentence with the nearest name.
std::string explain(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  auto strangers = command.remaining();
  if (strangers.empty()) strangers = app.remaining();
  if (strangers.empty()) return error.what();
  const std::string stranger = strangers.front().substr(0, strangers.front().find('='));
  std::vector<std::string> names;
  if (stranger.starts_with('-')) {
    for (const CLI::Option* option : command.get_options()) names.push_back(option->get_name());
    names.emplace_back("--no-bias");
  } else {
    for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return unknown(stranger.starts_with('-') ? "option" : "command", stranger, known);
}

void finish(RunOptions& o, const RawOptions& raw) {
  if (!raw.memory.empty()) o.device.memory_bytes = parse_bytes(raw.memory);
  if (!raw.batches.empty()) o.batches = parse_batches(raw.batches);
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Where does training run out of GPU memory, why, and what does each remedy buy and cost?",
               "memsweep");
  app.footer(kExamples);
  app.set_version_flag("--version", MEMSWEEP_VERSION);
  app.set_config("--config", "", "options from a file, as name=value lines");
  RunOptions options;
  RawOptions raw;
  add_training_options(app, options);
  add_run_options(app, options, raw);

  auto* list_command = app.add_subcommand("list", "scenarios, models, optimizers, devices and columns");
  list_command->add_option("topic", raw.topic, "one of them");
  auto* show_command = app.add_subcommand("show", "prints a training step as text");
  add_training_options(*show_command, options);
  show_command->add_option("--batch", raw.show_batch, "size of the batch")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  auto* compare_command =
      app.add_subcommand("compare", "what changed between two result files; status 1 if it got worse");
  compare_command->add_option("base", raw.base, "results to compare with")->required();
  compare_command->add_option("new", raw.next, "results of now")->required();
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    throw UsageError(explain(app, chosen.empty() ? app : *chosen.front(), error));
  }
  finish(options, raw);
  if (list_command->parsed()) return list(raw.topic);
  if (show_command->parsed()) return show(options, raw.show_batch);
  if (compare_command->parsed()) return compare_results(raw.base, raw.next);
  if (options.scenarios.empty())
    throw UsageError("say what to run, as in --scenario checkpointing, or see --help");
  return run_scenarios(options);
}

}  // namespace memsweep
