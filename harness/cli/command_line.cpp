#include "harness/cli/command_line.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/cli/commands.h"
#include "harness/cli/config_file.h"
#include "harness/cli/explain.h"
#include "harness/cli/replay_options.h"
#include "harness/sweep/predict.h"

namespace memsweep {
namespace {

constexpr const char* kExamples = R"(Examples:
  memsweep --scenario checkpointing
  memsweep --scenario checkpointing --device sim:h100-sxm-80gb --optimizer adamw
  memsweep --scenario checkpointing --model mlp:784-4096x8-10 --memory 4GiB --batches 64:1024:x2
  memsweep show --model mlp:64-32-10 --recompute sqrt
  memsweep compare results/cpu/checkpointing.csv new.csv
  memsweep replay snapshot.pickle --search
)";

constexpr const char* kReplayExamples = R"(Examples:
  memsweep replay oom.pickle --search
  memsweep replay oom.pickle --alloc-conf expandable_segments:True --alloc-conf max_split_size_mb:128 --largest
  memsweep replay oom.pickle --gpu h100-sxm-80gb
  memsweep replay oom.pickle --check
  memsweep replay --explain-conf max_split_size_mb:128,garbage_collection_threshold:0.8
)";

/// What the subcommands take besides.
struct Arguments {
  std::int64_t batch = 32;
  std::string topic;
  std::string base, next;
};

/// Accepts one number from `lowest` to `highest`, and no text around it. Hands it on without leading zeros,
/// which CLI11 takes for octal.
template <typename Number>
CLI::Validator number(Number lowest, Number highest) {
  const auto complaint = [=](std::string& text) -> std::string {
    const auto value = parse_number<Number>(text);
    if (value && lowest <= *value && *value <= highest) {
      text = fmt::format("{}", *value);
      return {};
    }
    constexpr const char* kKind = std::is_integral_v<Number> ? "whole number" : "number";
    return fmt::format("'{}' is no {} from {} to {}", text, kKind, lowest, highest);
  };
  return {complaint, ""};
}

CLI::Validator csv_name() {
  const auto complaint = [](const std::string& text) -> std::string {
    if (std::filesystem::path(text).extension() == ".csv") return {};
    return fmt::format("'{}' is no name that ends in .csv", text);
  };
  return {complaint, ""};
}

CLI::Validator snapshot_name() {
  const auto complaint = [](const std::string& text) -> std::string {
    const std::string extension = std::filesystem::path(text).extension();
    if (extension == ".pickle" || extension == ".json") return {};
    return fmt::format("'{}' is no name that ends in .pickle or .json", text);
  };
  return {complaint, ""};
}

/// An option whose text `read` makes something of; where it refuses, the sentence says which option it was.
template <typename Read>
CLI::Option* add_text(CLI::App& app, const std::string& name, Read read, const std::string& description) {
  const auto read_named = [name, read](const std::string& text) {
    try {
      read(text);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", name, error.what()));
    }
  };
  return app.add_option_function<std::string>(name, read_named, description);
}

void add_sweep_options(CLI::App& app, RunOptions& o) {
  const auto read_scenarios = [&o](const std::string& text) { o.scenarios = parse_names(text); };
  add_text(app, "--scenario", read_scenarios, "what to compare, or all; see memsweep list")
      ->type_name("NAMES")
      ->envname("MEMSWEEP_SCENARIO");
  const auto read_batches = [&o](const std::string& text) { o.batches = parse_batches(text); };
  add_text(app, "--batches", read_batches,
           "a grid instead of the search: 64,128,256 or 64:4096:x2 or 64:1024:+64")
      ->type_name("LIST");
  app.add_option("--steps", o.steps, "steps that a batch must survive, at least 3")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::int64_t>(3, 1000));
  app.add_option("--time-limit", o.time_limit, "seconds of timed steps a trial")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->transform(number(1e-3, 86400.0));
  app.add_flag("--scan", o.scan, "simulate batches around each boundary too, and report holes");
}

void add_model_options(CLI::App& app, RunOptions& o) {
  TrainingOptions& t = o.training;
  app.add_option("--model", t.model.spec, "name, or model and its shape")
      ->type_name("SPEC")
      ->capture_default_str();
  app.add_option("--activation", t.model.activation, "instead of the model's own")->type_name("NAME");
  const auto read_dropout = [&t](const std::string& text) { t.model.dropout = parse_probability(text); };
  add_text(app, "--dropout", read_dropout, "probability of a unit to be dropped, below 1")
      ->type_name("P")
      ->default_str(fmt::format("{}", t.model.dropout));
  app.add_flag("--layernorm", t.model.layer_norm, "layer norm before each activation");
  app.add_flag_callback(
      "--no-bias", [&t] { t.model.bias = false; }, "linear layers, or convolutions, without a bias");
  app.add_option("--precision", t.precision, "of weights and arithmetic: fp32")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--optimizer", t.optimizer, "sgd, momentum or adamw, with options as in adamw:lr=0.001")
      ->type_name("SPEC")
      ->capture_default_str();
  const auto read_policies = [&t](const std::string& text) { t.recompute = parse_names(text); };
  add_text(app, "--recompute", read_policies, "policies: none, every:K, sqrt, segments:K")->type_name("LIST");
  app.add_option("--seed", t.randomness.seed, "of weights, data and dropout masks")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max()));
}

/// The variable of the environment that PyTorch would read: the first that exists, even if it is empty.
std::string alloc_conf_variable() {
  constexpr std::array kNames{"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF", "PYTORCH_ALLOC_CONF"};
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [](const char* name) { return std::getenv(name) != nullptr; });
  return found == kNames.end() ? kNames.front() : *found;
}

void add_device_options(CLI::App& app, RunOptions& o) {
  app.add_option("--device", o.device.spec, "auto, cpu, sim or sim:PROFILE")
      ->type_name("NAME")
      ->capture_default_str()
      ->envname("MEMSWEEP_DEVICE");
  const auto read_memory = [&o](const std::string& text) { o.device.memory_bytes = parse_bytes(text); };
  add_text(app, "--memory", read_memory, "cap of the device, as in 512MiB")
      ->type_name("SIZE")
      ->envname("MEMSWEEP_MEMORY");
  app.add_option("--profile", o.device.profile_file, "JSON file of a device for --device sim")
      ->type_name("FILE");
  app.add_option("--pytorch", o.pytorch, "release whose allocator is followed: 2.11, 2.13 or 2.15")
      ->type_name("RELEASE")
      ->capture_default_str();
  app.add_option("--alloc-conf", o.alloc_conf, "settings of the allocator, in PyTorch's own grammar")
      ->type_name("TEXT")
      ->envname(alloc_conf_variable());
}

void add_output_options(CLI::App& app, RunOptions& o) {
  app.add_option("--csv", o.csv, "where rows go; without it: results/<device>/<scenario>.csv")
      ->type_name("FILE")
      ->envname("MEMSWEEP_CSV")
      ->check(csv_name());
  app.add_option("--snapshot", o.snapshot,
                 "what the allocator did in each trial, for PyTorch's memory viewer and memsweep replay")
      ->type_name("FILE")
      ->check(snapshot_name());
  app.add_flag("--fresh", o.fresh, "measure anew what the file holds already");
  app.add_flag("--quiet", o.quiet, "no progress and no remarks on stderr");
}

void add_replay_options(CLI::App& app, ReplayOptions& o) {
  app.add_option("file", o.file,
                 "torch.cuda.memory snapshot (pickle or JSON), RMM log (CSV) or operation log")
      ->type_name("FILE");
  app.add_flag("--check", o.check, "compare every address, segment and statistic; status 1 if one differs");
  app.add_option("--alloc-conf", o.alloc_confs, "settings to try, in PyTorch's own grammar; may be repeated")
      ->type_name("TEXT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1)
      ->allow_extra_args(false);
  app.add_flag("--search", o.search, "try the sensible settings too, and recommend one");
  app.add_flag("--largest", o.largest,
               "what would have fitted where memory runs out, and what pins the rest");
  const auto read_capacity = [&o](const std::string& text) { o.capacity = parse_bytes(text); };
  auto* capacity =
      add_text(app, "--capacity", read_capacity, "memory there is, as in 24GiB")->type_name("SIZE");
  app.add_option("--gpu", o.gpu, "the same from a profile; see memsweep list devices")
      ->type_name("PROFILE")
      ->excludes(capacity);
  app.add_option("--pytorch", o.pytorch,
                 "release whose allocator is followed: 2.11, 2.13 or 2.15; else the file's")
      ->type_name("RELEASE");
  app.add_option("--device-index", o.device, "which device of a snapshot; else the one with most events")
      ->type_name("N")
      ->transform(number<std::size_t>(0, 1023));
  app.add_option("--explain-conf", o.explained,
                 "what settings do and what is wrong with them; replays nothing")
      ->type_name("[TEXT]")
      ->expected(0, 1)
      ->default_str("");
  app.add_option("--format", o.format, "table or csv")->type_name("NAME")->capture_default_str();
  app.add_flag("--quiet", o.quiet, "no progress on stderr");
}

/// Be it here, in a config file or in the environment.
std::vector<std::string> given_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0) names.push_back(option->get_name());
  }
  return names;
}

/// Adds options under a heading of the help text.
void add_group(CLI::App& app, const char* heading, void (*add)(CLI::App&, RunOptions&), RunOptions& options) {
  app.option_defaults()->group(heading);
  add(app, options);
  app.option_defaults()->group("Options");
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Where does training run out of GPU memory, why, and what does each remedy buy and cost?",
               "memsweep");
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  app.set_help_flag("-h,--help", "this text");
  app.set_version_flag("--version", "memsweep " MEMSWEEP_VERSION, "name and version");
  app.set_config("--config", "", "options, one name=value a line; the command line goes before it")
      ->type_name("FILE");
  app.config_formatter(std::make_shared<ConfigFile>(app));
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  RunOptions options;
  add_group(app, "Sweep", add_sweep_options, options);
  add_group(app, "Model", add_model_options, options);
  add_group(app, "Device", add_device_options, options);
  add_group(app, "Output", add_output_options, options);

  Arguments arguments;
  auto* list_command = app.add_subcommand("list", "scenarios, models, optimizers, devices and columns");
  list_command->add_option("topic", arguments.topic, "one of these; without it all but the columns")
      ->type_name("NAME");
  auto* show_command = app.add_subcommand("show", "prints a training step as text");
  add_group(*show_command, "Model", add_model_options, options);
  show_command->add_option("--batch", arguments.batch, "size of the batch")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::int64_t>(1, kLargestBatch));
  auto* compare_command =
      app.add_subcommand("compare", "what changed between two result files; status 1 if it got worse");
  compare_command->add_option("base", arguments.base, "results to compare with")
      ->type_name("FILE")
      ->required();
  compare_command->add_option("new", arguments.next, "results of now")->type_name("FILE")->required();
  ReplayOptions replay_options;
  auto* replay_command = app.add_subcommand(
      "replay", "somebody's recorded allocations again, under other settings or on another GPU");
  add_replay_options(*replay_command, replay_options);
  for (CLI::App* command : {list_command, show_command, compare_command}) command->footer("");
  replay_command->footer(kReplayExamples);
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(app, error));
  }
  options.training.model.release = parse_release(options.pytorch);
  if (list_command->parsed()) return list(arguments.topic);
  if (show_command->parsed()) return show(options, arguments.batch);
  if (compare_command->parsed()) return compare_results(arguments.base, arguments.next);
  if (replay_command->parsed()) {
    return replay_options.explained ? explain_conf(replay_options) : replay(replay_options);
  }
  if (options.scenarios.empty())
    throw UsageError("say what to run, as in --scenario checkpointing, or see --help");
  options.given = given_options(app);
  return run_scenarios(options);
}

}  // namespace memsweep
