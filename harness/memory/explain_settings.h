// What allocator settings do, said before anything runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/rules.h"

namespace memsweep {

struct SettingExplanation {
  std::string key;
  std::string value;   // as written, without blanks; empty where there is none
  std::string effect;  // on memory, one sentence; empty where there is an error
  std::string error;   // why PyTorch refuses the settings; empty where this key is no reason to
  std::vector<std::string> warnings;
};

/// One entry for each key in the text, in its order, whatever is wrong with those before it. Some entry has
/// an error where parse_settings() would throw, and, in a text without ';', only there.
[[nodiscard]] std::vector<SettingExplanation> explain_settings(std::string_view text, PytorchRelease release);

}  // namespace memsweep
