#include "harness/cli/option_groups.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/cli/option_checks.h"
#include "harness/sweep/predict.h"

namespace memsweep {
namespace {

CLI::Validator snapshot_name() {
  const auto complaint = [](const std::string& text) -> std::string {
    const std::string extension = std::filesystem::path(text).extension();
    if (extension == ".pickle" || extension == ".json") return {};
    return fmt::format("'{}' is no name that ends in .pickle or .json", text);
  };
  return {complaint, ""};
}

/// A config file may say of a flag that it is true or false.
std::string scaler_of_flag(const std::string& text) {
  return text == "true" ? "default" : text == "false" ? "" : text;
}

/// The variable of the environment that PyTorch would read: the first that exists, even if it is empty.
std::string alloc_conf_variable() {
  constexpr std::array kNames{"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF", "PYTORCH_ALLOC_CONF"};
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [](const char* name) { return std::getenv(name) != nullptr; });
  return found == kNames.end() ? kNames.front() : *found;
}

void add_device_choice(CLI::App& app, DeviceOptions& device, const std::string& choice) {
  app.add_option("--device", device.spec, choice)
      ->type_name("NAME")
      ->capture_default_str()
      ->envname("MEMSWEEP_DEVICE");
  const auto read_memory = [&device](const std::string& text) { device.memory_bytes = parse_bytes(text); };
  add_text(app, "--memory", read_memory, "cap of the device, as in 512MiB")
      ->type_name("SIZE")
      ->envname("MEMSWEEP_MEMORY");
}

}  // namespace

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
  const auto read_limit = [&o](const std::string& text) {
    const auto seconds = parse_number<double>(text);
    if (!seconds || !(*seconds > 0)) throw UsageError(fmt::format("'{}' is no number above 0", text));
    o.isolation.limit_seconds = *seconds;
  };
  auto* limit = add_text(app, "--trial-limit", read_limit,
                         "end a trial that takes longer; trials run in child processes, as on cuda, where "
                         "the limit is 300 without this")
                    ->type_name("SECONDS");
  app.add_flag("--in-process", o.isolation.in_process,
               "trials on cuda run in no child process: for debuggers")
      ->excludes(limit);
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
  app.add_flag("--batchnorm", t.model.batch_norm, "batch norm before each activation");
  app.add_flag_callback(
      "--no-bias", [&t] { t.model.bias = false; }, "linear layers, or convolutions, without a bias");
  app.add_option("--precision", t.precision.name, "of weights and arithmetic; see memsweep list")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag_callback(
      "--no-cast-cache", [&t] { t.precision.cast_cache = false; }, "autocast casts weights for each use");
  app.add_flag("--fp32-loss", t.precision.wide_loss, "logits are cast to f32 before the loss");
  app.add_flag("--grad-scaler{default}", t.precision.scaler,
               "scale the loss; options as in --grad-scaler=init_scale=1024,growth_interval=100")
      ->transform(scaler_of_flag);
  app.add_option("--optimizer", t.optimizer,
                 "with options as in adamw:lr=0.001; see memsweep list optimizers")
      ->type_name("SPEC")
      ->capture_default_str();
  const auto read_policies = [&t](const std::string& text) { t.recompute = parse_names(text); };
  add_text(app, "--recompute", read_policies, "policies: none, every:K, sqrt, segments:K, selective")
      ->type_name("LIST");
  app.add_flag("--reentrant", t.reentrant, "recompute as checkpoint(use_reentrant=True) does");
  app.add_option("--seed", t.randomness.seed, "of weights, data and dropout masks")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max()));
}

void add_loop_options(CLI::App& app, RunOptions& o) {
  LoopOptions& loop = o.training.loop;
  const auto read_mode = [&loop](const std::string& text) { loop.mode = parse_mode(text); };
  add_text(app, "--mode", read_mode, "train, no_grad, inference_mode, eval_grad, leak or leak_trained")
      ->type_name("NAME")
      ->default_str(std::string(name_of(loop.mode)));
  const auto read_variables = [&loop](const std::string& text) { loop.variables = parse_variables(text); };
  add_text(app, "--loop", read_variables, "what the variables of the loop hold: standard, del or resident")
      ->type_name("NAME")
      ->default_str(std::string(name_of(loop.variables)));
  app.add_option("--accumulate", loop.micro_batches, "micro-batches a step, whose gradients are added up")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number(1, 1024));
  const auto read_norm = [&loop](const std::string& text) {
    const auto norm = parse_number<double>(text);
    if (!norm || !(*norm > 0)) throw UsageError(fmt::format("'{}' is no norm above 0", text));
    loop.clip = ClipOptions{.max_norm = *norm};
  };
  add_text(app, "--clip", read_norm, "gradients are clipped to this norm")->type_name("NORM");
  app.add_flag("--offload", loop.offload, "activations wait for the backward pass in host memory");
  app.add_flag("--fuse", loop.fuse, "linear layers and the relu or gelu_tanh behind them run as one op");
  app.add_flag_callback(
      "--keep-gradients", [&loop] { loop.set_to_none = false; }, "zero_grad(set_to_none=False)");
  app.add_flag("--input-requires-grad", loop.input_requires_grad, "x.requires_grad_(True) on each batch");
}

void add_device_options(CLI::App& app, RunOptions& o) {
  add_device_choice(app, o.device, "auto, cpu, cuda, cuda:N, sim or sim:PROFILE");
  app.add_option("--profile", o.device.profile_file, "JSON file of a device for --device sim")
      ->type_name("FILE");
  app.add_option("--pytorch", o.pytorch, "release whose allocator is followed: 2.11, 2.13 or 2.15")
      ->type_name("RELEASE")
      ->capture_default_str();
  app.add_option("--alloc-conf", o.alloc_conf, "settings of the allocator, in PyTorch's own grammar")
      ->type_name("TEXT")
      ->envname(alloc_conf_variable());
}

void add_calibrate_options(CLI::App& app, CalibrateOptions& o) {
  add_device_choice(app, o.device, "auto, cpu, cuda or cuda:N");
  app.add_option("--out", o.out, "where the profile goes, a JSON file for --device sim --profile")
      ->type_name("FILE");
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

void add_batch_option(CLI::App& app, CaseOptions& o) {
  app.add_option("--batch", o.batch, "size of the batch")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::int64_t>(1, kLargestBatch));
}

void add_case_options(CLI::App& app, CaseOptions& o) {
  add_batch_option(app, o);
  app.add_option("--steps", o.steps, "steps that are run")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number<std::int64_t>(1, 1'000'000));
  app.add_option("--cases", o.cases, "JSON lines of cases, each run on the GPU that it names; see README")
      ->type_name("FILE");
  app.add_flag("--events", o.events, "every allocation with the op that asked for it");
  app.add_option("--format", o.format, "table, csv or json")->type_name("NAME")->capture_default_str();
  app.add_flag("--quiet", o.run.quiet, "no remarks on stderr");
}

void add_replay_options(CLI::App& app, ReplayOptions& o) {
  app.add_option("file", o.file,
                 "torch.cuda.memory snapshot (pickle or JSON), RMM log (CSV) or operation log")
      ->type_name("FILE");
  app.add_flag("--check", o.check, "compare every address, segment and statistic; status 1 if one differs");
  app.add_option(
         "--take-from", o.take_from,
         "with --check of an operation log: a device that takes and gives back the same memory, as cuda")
      ->type_name("DEVICE");
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

}  // namespace memsweep
