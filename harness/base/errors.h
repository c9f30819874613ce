// Errors that end the program or a row. Running out of memory is neither: see harness/memory/errors.h.
#pragma once

#include <stdexcept>
#include <string>

namespace memsweep {

/// What the user asked for cannot be done as asked: one sentence, exit status 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The device cannot be used: one sentence, exit status 3.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The user asked to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace memsweep
