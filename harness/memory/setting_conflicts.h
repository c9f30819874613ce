// Settings that work against each other, or for nothing. Behind explain_settings.h.
#pragma once

#include <span>

#include "harness/memory/explain_settings.h"
#include "harness/memory/settings.h"

namespace memsweep {

/// Adds warnings, and the error of settings that are refused together, to entries without an error.
/// `settings` are what the entries make together.
void warn_of_conflicts(std::span<SettingExplanation> entries, const AllocatorSettings& settings,
                       PytorchRelease release);

}  // namespace memsweep
