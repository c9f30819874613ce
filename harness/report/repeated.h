// What a script did several times, and where it did so first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/report/dryrun_report.h"

namespace memsweep {

struct Repeated {
  std::uint64_t times = 0;
  std::optional<Place> place;
  std::string after;  // a kernel; empty: not known

  /// `what`: as PytorchFindings::firsts calls it.
  void add(const ProcessFindings& process, const std::string& what, std::uint64_t count);
};

/// Where `process` did something of a kind first (PytorchFindings::firsts); none where that is not known.
[[nodiscard]] std::optional<Place> first_place(const ProcessFindings& process, const std::string& what);

/// " (the first at train.py:31 (main), after fill)"; empty where nothing is known.
[[nodiscard]] std::string first_of(const Repeated& repeated);

}  // namespace memsweep
