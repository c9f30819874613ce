// What the stand-in assumed of sizes that only a library knows.
#pragma once

#include <string>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

/// By a function; nothing where it assumed none.
inline Estimates assumed(const std::string& function) {
  const auto& all = model().observations.estimates;
  const auto found = all.find(function);
  return found == all.end() ? Estimates{} : found->second;
}

}  // namespace memsweep::standin
