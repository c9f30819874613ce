// What the program behind an operation log asked for, to be run under other settings.
#pragma once

#include "harness/trace/operation_log.h"
#include "harness/trace/trace.h"

namespace memsweep {

/// Operation::event is the line. A request that was refused becomes an attempt. A block that other streams
/// use is lent from the first record_stream on, and given back when all of them had passed its free.
[[nodiscard]] Trace trace_of(const OperationLog& log);

}  // namespace memsweep
