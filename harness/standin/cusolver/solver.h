// What the functions of cuSOLVER have in common. Numbers are those of cuSOLVER 12.
#pragma once

#include "harness/standin/library.h"

namespace memsweep::standin {

// CUSOLVER_STATUS_NOT_INITIALIZED, CUSOLVER_STATUS_EXECUTION_FAILED
inline constexpr Library kSolver{.no_handle = 1, .failed = 6};

}  // namespace memsweep::standin
