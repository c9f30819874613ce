#include "harness/memory/explain_settings.h"

#include <cstdio>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/cli/commands.h"

namespace memsweep {
namespace {

/// Gives whether PyTorch would take the settings.
bool explain(std::string_view text, PytorchRelease release) {
  bool taken = true;
  for (const SettingExplanation& setting : explain_settings(text, release)) {
    fmt::print("{}{}{}\n", setting.key, setting.value.empty() ? "" : ":", setting.value);
    if (!setting.effect.empty()) fmt::print("  {}\n", setting.effect);
    if (!setting.error.empty()) fmt::print("  refused: {}\n", setting.error);
    for (const std::string& warning : setting.warnings) fmt::print("  warning: {}\n", warning);
    taken = taken && setting.error.empty();
  }
  return taken;
}

}  // namespace

int explain_conf(const ReplayOptions& options) {
  std::vector<std::string> texts = options.alloc_confs;
  if (!options.explained->empty()) texts.insert(texts.begin(), *options.explained);
  if (texts.empty()) {
    throw UsageError(
        "say what to explain, as in --explain-conf max_split_size_mb:128,expandable_segments:True");
  }
  const PytorchRelease release =
      options.pytorch.empty() ? PytorchRelease::v2_15 : parse_release(options.pytorch);
  bool all_taken = true;
  for (const std::string& text : texts) {
    if (&text != &texts.front()) fmt::print("\n");
    all_taken = explain(text, release) && all_taken;
  }
  return all_taken ? 0 : 1;
}

}  // namespace memsweep
