#include "harness/base/bytes.h"
#include "harness/cli/option_checks.h"
#include "harness/cli/option_groups.h"
#include "harness/cli/swept.h"
#include "harness/memory/settings.h"

namespace memsweep {
namespace {

constexpr double kLongest = 1e7;  // seconds

/// "0.5", or the ends of a range as in "0:1".
std::vector<double> parse_densities(const std::string& text) {
  std::vector<double> densities;
  for (std::size_t at = 0, colon = 0; colon != text.npos; at = colon + 1) {
    colon = text.find(':', at);
    const auto density = parse_number<double>(text.substr(at, colon - at));
    const double lowest = densities.empty() ? 0 : densities.back();
    const bool is_share = density && lowest <= *density && *density <= 1;
    if (!is_share || densities.size() == 2) {
      throw UsageError(fmt::format("'{}' is no share from 0 to 1, and no range of them as in 0:1", text));
    }
    densities.push_back(*density);
  }
  return densities;
}

}  // namespace

void add_dryrun_options(CLI::App& app, DryrunOptions& o) {
  auto* gpu = app.add_option("--gpu", o.gpu, "the GPU to be, of memsweep list devices")
                  ->type_name("PROFILE")
                  ->capture_default_str();
  const auto read_memory = [&o](const std::string& text) { o.memory = parse_bytes(text); };
  auto* memory = add_text(app, "--memory", read_memory, "its memory, as in 24GiB; else the profile's")
                     ->type_name("SIZE");
  auto* gpus =
      app.add_option("--gpus", o.gpus,
                     "one run with memory without limit, then which of these GPUs it fits; all: each")
          ->type_name("PROFILE,...")
          ->delimiter(',')
          ->excludes(memory);
  auto* devices = app.add_option("--devices", o.devices, "how many of them there are")
                      ->type_name("N")
                      ->capture_default_str()
                      ->transform(number(1, 64));
  const auto read_densities = [&o](const std::string& text) { o.densities = parse_densities(text); };
  auto* density =
      add_text(app, "--density", read_densities,
               "the share of a mask's elements that hold, 0 to 1, as nobody computes them; 0:1: a run "
               "for each, and what lies between; else 1")
          ->type_name("SHARE");
  const auto read_cudnn = [&o](const std::string& text) {
    if (text != "installed" && text != "none") {
      throw UsageError(fmt::format("'{}' is no cuDNN to ask; it can be installed or none", text));
    }
    o.asks_cudnn = text == "installed";
  };
  auto* cudnn = add_text(app, "--cudnn", read_cudnn,
                         "whom to ask for the workspaces of convolutions and attention: installed, the cuDNN "
                         "beside PyTorch (the default), or none, and they are 0")
                    ->type_name("WHICH");
  app.add_option("--steps", o.steps, "end after so many steps of an optimizer; else when the command ends")
      ->type_name("N")
      ->transform(number<std::size_t>(1, 1'000'000'000));
  app.add_option("--time-limit", o.time_limit, "end after so many seconds")
      ->type_name("SECONDS")
      ->transform(number(0.001, kLongest));
  const auto read_settings = [&o](const std::string& text) {
    (void)parse_settings(text, PytorchRelease::v2_15);
    o.alloc_conf = text;
  };
  add_text(app, "--alloc-conf", read_settings, "settings of PyTorch's allocator, in its own grammar")
      ->type_name("TEXT");
  auto* json =
      app.add_option("--json", o.json, "the report as JSON, too; of a range of --density a list of two")
          ->type_name("FILE");
  auto* snapshot =
      app.add_option("--snapshot", o.snapshot,
                     "PyTorch's memory snapshot, for memsweep replay and the memory viewer; of a "
                     "range of --density that of its upper end")
          ->type_name("FILE");
  auto* csv = app.add_option("--csv", o.csv,
                             "rows as those of scenarios, a device or a probe each; a sweep goes on with it")
                  ->type_name("FILE")
                  ->check(csv_name());
  app.add_flag("--fresh", o.fresh, "overwrite the rows that are there")->needs(csv);
  const auto read_swept = [&o](const std::string& text) { o.sweep = parse_swept(text); };
  auto* sweep = add_text(app, "--sweep", read_swept,
                         "run the command with numbers in the place of {NAME}: NAME=1:4096 finds the largest "
                         "that fits, NAME=64,128 or NAME=64:4096:x2 tries each")
                    ->type_name("NAME=VALUES")
                    ->excludes(gpus)
                    ->excludes(json)
                    ->excludes(snapshot);
  const auto read_device = [&o](const std::string& text) {
    if (text != "cuda") throw UsageError(fmt::format("'{}' is no device; it can be cuda", text));
    o.on_gpu = true;
  };
  add_text(app, "--device", read_device, "cuda: sweep on the GPU that is here, not on a modelled one")
      ->type_name("NAME")
      ->needs(sweep)
      ->excludes(gpu)
      ->excludes(memory)
      ->excludes(devices)
      ->excludes(density)
      ->excludes(cudnn);
}

}  // namespace memsweep
