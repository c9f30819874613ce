// An operation log against memsweep's allocator: every address, statistic, device call, out-of-memory message
// and the final layout have to come out as recorded.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "harness/memory/caching_allocator.h"
#include "harness/trace/operation_log.h"

namespace memsweep {

struct LogDifference {
  std::size_t line = 0;  // of the file, from 1
  std::string what;      // "operation reserved_peak", "block size", "memory_stats num_ooms"
  std::string recorded;  // the value; the whole line where the lines are of different kinds
  std::string replayed;
  std::string context;  // three lines before and after it, one a line
};

struct LogCheck {
  std::size_t operations = 0;               // that were compared, the one that differs included
  std::optional<LogDifference> difference;  // the first
};

/// Called after every operation that agrees.
using LogObserver = std::function<void(const CachingAllocator&)>;

/// `real`, if not null, takes the same segments and pages; what it refuses is a difference. Throws UsageError
/// naming the line if the settings that it changes to do not go with the blocks there are.
[[nodiscard]] LogCheck check_operation_log(const OperationLog& log, const LogObserver& observer = {},
                                           SegmentSource* real = nullptr);

}  // namespace memsweep
