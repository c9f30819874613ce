// The statistics that stand behind every operation of an operation log.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/memory/segment_source.h"
#include "harness/memory/statistics.h"

namespace memsweep {

struct LogColumn {
  std::string_view name;
  std::int64_t (*value)(const Statistics&, const SegmentSource::Info&) = nullptr;
};

/// None where no column has that name.
[[nodiscard]] std::optional<LogColumn> log_column(std::string_view name);

}  // namespace memsweep
