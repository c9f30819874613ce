// The sentence that says what one allocator setting does. Behind explain_settings.h.
#pragma once

#include <string>

#include "harness/memory/settings_keys.h"

namespace memsweep {

/// `settings` are all that were given, of which `key` is one.
[[nodiscard]] std::string effect_of(const SettingKey& key, const AllocatorSettings& settings);

}  // namespace memsweep
