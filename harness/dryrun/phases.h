// The phases of a recorded script: when each began, and what was in use during it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/dryrun/findings.h"

namespace memsweep {

/// PyTorch counts calls from the start of a process, a recording from its own first event.
struct CallClock {
  std::size_t before = 0;  // calls that were made before the recording begins

  [[nodiscard]] std::size_t recorded(std::size_t calls) const { return calls - std::min(calls, before); }
};

/// A phase of one step, or of several that are alike.
struct PhaseUsage {
  std::int64_t first_step = 0, last_step = 0;  // 0: before the first
  std::string phase;                           // setup, forward, backward, optimizer, between
  Usage peak;                                  // of each level
};

class PhaseTable {
 public:
  struct Phase {
    std::size_t begin = 0;  // calls made before it
    std::string phase;
    std::int64_t step = 0;
  };

  PhaseTable(const std::vector<PhaseStart>& marks, std::size_t device, const CallClock& clock);

  /// The phase that made call number `call`.
  [[nodiscard]] const Phase& at(std::size_t call) const;

  /// By step; steps of which every phase used the same are one. `after`: by calls made so far.
  [[nodiscard]] std::vector<PhaseUsage> usage(const std::vector<Usage>& after) const;

 private:
  std::vector<Phase> phases_;
};

}  // namespace memsweep
