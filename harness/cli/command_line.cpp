#include "harness/cli/command_line.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/config_file.h"
#include "harness/cli/explain.h"
#include "harness/cli/option_checks.h"
#include "harness/cli/option_groups.h"
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

constexpr const char* kRunExamples = R"(Examples:
  memsweep run --model mlp:784-4096-4096-10 --batch 1024 --device sim:h100-sxm-80gb
  memsweep run --optimizer adamw --accumulate 4 --format csv
  memsweep run --mode leak --events
  memsweep run --cases tests/golden/pytorch/cases.jsonl --pytorch 2.11
)";

constexpr const char* kAdviseExamples = R"(Examples:
  memsweep advise --model gpt2-small --optimizer adamw --batch 64 --device sim:a100-sxm-80gb
  memsweep advise --model mlp:784-4096x8-10 --batch 65536 --device sim:t4
)";

constexpr const char* kReplayExamples = R"(Examples:
  memsweep replay oom.pickle --search
  memsweep replay oom.pickle --alloc-conf expandable_segments:True --alloc-conf max_split_size_mb:128 --largest
  memsweep replay oom.pickle --gpu h100-sxm-80gb
  memsweep replay oom.pickle --check
  memsweep replay --explain-conf max_split_size_mb:128,garbage_collection_threshold:0.8
)";

constexpr const char* kDryrunExamples = R"(Examples:
  memsweep dryrun -- python train.py
  memsweep dryrun --gpu a100-sxm-40gb --steps 3 -- python train.py --batch-size 64
  memsweep dryrun --gpu t4 --sweep batch=1:4096 -- python train.py --batch-size {batch}
  memsweep dryrun --memory 16GiB --alloc-conf expandable_segments:True -- torchrun --nproc-per-node 2 train.py
)";

/// Where the command of a dry run begins, behind the first "--"; `end` where there is none.
const char* const* command_of_dryrun(const char* const* begin, const char* const* end) {
  if (end - begin < 2 || std::string_view(begin[1]) != "dryrun") return end;
  const auto mark = std::find(begin, end, std::string_view("--"));
  return mark == end ? end : mark + 1;
}

/// What the subcommands take besides.
struct Arguments {
  std::int64_t batch = 32;
  std::string topic;
  std::string base, next;
};

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
  add_group(app, "Training loop", add_loop_options, options);
  add_group(app, "Device", add_device_options, options);
  add_group(app, "Output", add_output_options, options);

  Arguments arguments;
  auto* list_command =
      app.add_subcommand("list", "scenarios, models, optimizers, precisions, devices and columns");
  list_command->add_option("topic", arguments.topic, "one of these; without it all but the columns")
      ->type_name("NAME");
  auto* show_command = app.add_subcommand("show", "prints a training step as text");
  add_group(*show_command, "Model", add_model_options, options);
  add_group(*show_command, "Training loop", add_loop_options, options);
  show_command->add_option("--batch", arguments.batch, "size of the batch")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::int64_t>(1, kLargestBatch));
  CaseOptions case_options{.run = options, .cases = {}};
  auto* run_command = app.add_subcommand("run", "a few steps of one configuration, phase by phase");
  add_case_options(*run_command, case_options);
  add_group(*run_command, "Model", add_model_options, options);
  add_group(*run_command, "Training loop", add_loop_options, options);
  add_group(*run_command, "Device", add_device_options, options);
  run_command->footer(kRunExamples);
  auto* advise_command =
      app.add_subcommand("advise", "which remedies make a configuration fit, or let its batch grow");
  add_batch_option(*advise_command, case_options);
  add_group(*advise_command, "Model", add_model_options, options);
  add_group(*advise_command, "Training loop", add_loop_options, options);
  add_group(*advise_command, "Device", add_device_options, options);
  advise_command->footer(kAdviseExamples);
  CalibrateOptions calibrate_options;
  auto* calibrate_command =
      app.add_subcommand("calibrate", "what a device reaches, as a profile that --device sim reads");
  add_calibrate_options(*calibrate_command, calibrate_options);
  calibrate_command->footer("");
  // With a callback, a command reads the environment only where it is the one that runs.
  for (CLI::App* command : {run_command, advise_command, calibrate_command})
    command->parse_complete_callback([] {});
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
  DryrunOptions dryrun_options;
  auto* dryrun_command = app.add_subcommand(
      "dryrun", "a script of PyTorch, unmodified and without a GPU: does it fit, and what takes the memory?");
  add_dryrun_options(*dryrun_command, dryrun_options);
  dryrun_command->footer(kDryrunExamples);
  app.require_subcommand(0, 1);

  const char* const* const end = argv + argc;
  const char* const* const command = command_of_dryrun(argv, end);
  dryrun_options.command.assign(command, end);
  const int own_arguments = command == end ? argc : static_cast<int>(command - argv) - 1;
  try {
    app.parse(own_arguments, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(app, error));
  }
  options.training.release = options.training.model.release = parse_release(options.pytorch);
  if (list_command->parsed()) return list(arguments.topic);
  if (show_command->parsed()) return show(options, arguments.batch);
  if (advise_command->parsed()) return advise(case_options);
  if (run_command->parsed()) {
    options.given = given_options(*run_command);
    return run_steps_of(case_options);
  }
  if (calibrate_command->parsed()) return calibrate_device(calibrate_options);
  if (compare_command->parsed()) return compare_results(arguments.base, arguments.next);
  if (replay_command->parsed()) {
    return replay_options.explained ? explain_conf(replay_options) : replay(replay_options);
  }
  if (dryrun_command->parsed()) return dryrun(dryrun_options);
  if (options.scenarios.empty())
    throw UsageError("say what to run, as in --scenario checkpointing, or see --help");
  options.given = given_options(app);
  return run_scenarios(options);
}

}  // namespace memsweep
