// The CSV that RMM's logging resource adaptor writes (the fields that RMM 0.x to 26 write).
#pragma once

#include <string_view>

#include "harness/trace/input.h"
#include "harness/trace/recording.h"

namespace memsweep {

inline constexpr std::string_view kRmmHeader = "Thread,Time,Action,Pointer,Size,Stream";

/// A failed allocation becomes an `oom` with the bytes that were asked for. There is no layout, and the free
/// memory of the device is not known (0). Allocations of no bytes are left out. Throws UsageError with the
/// line where one is malformed, frees what is not allocated or allocates what is not free.
[[nodiscard]] Recording read_rmm_log(Input& input);

}  // namespace memsweep
