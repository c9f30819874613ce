#include "harness/base/bytes.h"
#include "harness/cli/option_checks.h"
#include "harness/cli/option_groups.h"
#include "harness/memory/settings.h"

namespace memsweep {
namespace {

constexpr double kLongest = 1e7;  // seconds

}  // namespace

void add_dryrun_options(CLI::App& app, DryrunOptions& o) {
  app.add_option("--gpu", o.gpu, "the GPU to be, of memsweep list devices")
      ->type_name("PROFILE")
      ->capture_default_str();
  const auto read_memory = [&o](const std::string& text) { o.memory = parse_bytes(text); };
  add_text(app, "--memory", read_memory, "its memory, as in 24GiB; else the profile's")->type_name("SIZE");
  app.add_option("--gpus", o.gpus,
                 "one run with memory without limit, then which of these GPUs it fits; all: each")
      ->type_name("PROFILE,...")
      ->delimiter(',')
      ->excludes("--memory");
  app.add_option("--devices", o.devices, "how many of them there are")
      ->type_name("N")
      ->capture_default_str()
      ->transform(number(1, 64));
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
  app.add_option("--json", o.json, "the report as JSON, too")->type_name("FILE");
  app.add_option("--snapshot", o.snapshot,
                 "PyTorch's memory snapshot, for memsweep replay and the memory viewer")
      ->type_name("FILE");
}

}  // namespace memsweep
