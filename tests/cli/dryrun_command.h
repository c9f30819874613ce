// Commands of memsweep dryrun for its tests. Scripts run over a small stand-in for PyTorch itself
// (tests/dryrun/fake), so that the hook and the report are tested where there is no PyTorch.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

#include "tests/cli/program.h"

namespace memsweep::testing {

inline const std::string kFake = MEMSWEEP_SOURCE_DIR "/tests/dryrun/fake/";

/// The environment in which Python finds the small stand-in for PyTorch.
inline Words with_fake_pytorch() {
  Words environment{"PYTHONPATH=" + kFake + "site-packages", "PYTHONDONTWRITEBYTECODE=1"};
  if (std::string_view(MEMSWEEP_PRELOAD).empty()) return environment;
  // Sanitized libraries in a Python that is not.
  environment.insert(environment.end(), {"LD_PRELOAD=" MEMSWEEP_PRELOAD, "ASAN_OPTIONS=detect_leaks=0"});
  return environment;
}

inline Words dryrun_of(const std::string& options, const Words& command) {
  Words arguments = words("dryrun " + options + " --");
  arguments.insert(arguments.end(), command.begin(), command.end());
  return arguments;
}

/// A script of one's own, in `folder`.
inline Words script(const TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "script.py") << text;
  return {MEMSWEEP_PYTHON, "script.py"};
}

}  // namespace memsweep::testing
