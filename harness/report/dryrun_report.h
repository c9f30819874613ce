// What a dry run found, for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/dryrun/child.h"
#include "harness/dryrun/findings.h"
#include "harness/dryrun/history.h"

namespace memsweep {

/// One device of one process.
struct DryrunPart {
  std::int64_t pid = 0;
  std::size_t device = 0;
  std::optional<StandinDevice> standin;
  std::optional<PytorchDevice> pytorch;  // none where the process has no PyTorch
  std::optional<History> history;        // the same, or no snapshot was left
  std::size_t used_before = 0;           // of the device by context and others, bytes
  std::optional<WhatIf> as_recorded;     // the history on this device, and on the smallest one
  std::string advice;                    // on a shortage: which settings would help; else empty
};

struct Dryrun {
  std::string command;
  std::string gpu;               // a profile's name
  std::size_t capacity = 0;      // of each device, bytes
  std::size_t context = 0;       // of it
  bool is_end_of_range = false;  // of what masks may hold: the other end is run as well
  ChildEnd end;
  std::vector<ProcessFindings> processes;
  std::vector<DryrunPart> parts;  // none: nothing touched CUDA
};

[[nodiscard]] std::string dryrun_report(const Dryrun& dryrun);

}  // namespace memsweep
