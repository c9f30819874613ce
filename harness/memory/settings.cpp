#include "harness/memory/settings.h"

#include <fmt/format.h>

#include <utility>

#include "harness/base/errors.h"
#include "harness/memory/settings_keys.h"

namespace memsweep {
namespace {

void read_all(std::string_view text, PytorchRelease release, AllocatorSettings& settings) {
  std::vector<std::string_view> native_only;
  for (SettingTokens tokens(text); !tokens.at_end();) {
    const SettingKey& key = find_setting(tokens.take(), release);
    tokens.skip_separator();
    key.read({key.name, tokens, settings});
    if (key.scope == SettingScope::native) native_only.push_back(key.name);
    if (!tokens.at_end()) tokens.skip_separator();
  }
  if (settings.backend == Backend::native) return;
  for (const std::string_view key : native_only) {
    settings.warnings.push_back(
        fmt::format("{} has no effect with backend:{}", key, name_of(settings.backend)));
  }
}

AllocatorSettings read_settings(AllocatorSettings settings, std::string_view text, PytorchRelease release) {
  settings.text = text;
  settings.warnings.clear();
  read_large_segment_first(text, settings);
  settings.max_split_size = AllocatorSettings::kUnlimited;
  settings.max_non_split_rounding = settings.large_segment_size;
  settings.garbage_collection_threshold = 0;
  settings.roundup_divisions.fill(0);
  read_all(text, release, settings);
  require_whole_pages(settings);
  return settings;
}

}  // namespace

AllocatorSettings parse_settings(std::string_view text, PytorchRelease release) {
  return read_settings({}, text, release);
}

AllocatorSettings reparse_settings(const AllocatorSettings& before, std::string_view text,
                                   PytorchRelease release) {
  AllocatorSettings settings = read_settings(before, text, release);
  if (settings.backend != before.backend) {
    throw UsageError(fmt::format("allocator setting backend: '{}' comes too late, {} is in use",
                                 name_of(settings.backend), name_of(before.backend)));
  }
  return settings;
}

}  // namespace memsweep
