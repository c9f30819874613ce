// What the recorded history of one process on one device tells: phases, who held what, and other devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/dryrun/findings.h"
#include "harness/dryrun/phases.h"
#include "harness/memory/rules.h"
#include "harness/trace/fresh_allocator.h"
#include "harness/trace/trace.h"
#include "harness/trace/what_if.h"

namespace memsweep {

struct Share {
  std::string what;  // a category, or a place as "train.py:12 (main)"
  std::size_t bytes = 0;
  std::size_t blocks = 0;
};

struct History {
  std::optional<std::string> gap;  // why the rest is empty, or begins late: one sentence
  std::vector<PhaseUsage> phases;
  // At the peak of allocated bytes; where the script ended out of memory, when it was refused.
  bool at_shortage = false;
  std::int64_t step = 0;
  std::string phase;
  Usage usage;
  std::vector<Share> categories;  // as asked for, the largest first
  std::vector<Share> lines;       // the same
  // The program, to be run on other devices and under other settings.
  Trace trace;
  std::string settings;
  PytorchRelease release = PytorchRelease::v2_15;
};

/// `device`: index into the findings' devices. Throws UsageError where there is no snapshot that can be read.
[[nodiscard]] History read_history(const PytorchFindings& findings, std::size_t device);

}  // namespace memsweep
