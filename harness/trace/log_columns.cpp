#include "harness/trace/log_columns.h"

#include <algorithm>
#include <array>

namespace memsweep {
namespace {

using Info = SegmentSource::Info;

template <PoolStat Statistics::*quantity>
std::int64_t current(const Statistics& s, const Info&) {
  return (s.*quantity).all.current;
}

template <PoolStat Statistics::*quantity>
std::int64_t peak(const Statistics& s, const Info&) {
  return (s.*quantity).all.peak;
}

template <PoolStat Statistics::*quantity>
std::int64_t small_pool(const Statistics& s, const Info&) {
  return (s.*quantity).small_pool.current;
}

template <Stat Statistics::*quantity>
std::int64_t current(const Statistics& s, const Info&) {
  return (s.*quantity).current;
}

template <std::int64_t Statistics::*counter>
std::int64_t count(const Statistics& s, const Info&) {
  return s.*counter;
}

std::int64_t device_used(const Statistics&, const Info& device) {
  return static_cast<std::int64_t>(device.used);
}

constexpr std::array kColumns{
    LogColumn{"allocated", current<&Statistics::allocated_bytes>},
    LogColumn{"allocated_peak", peak<&Statistics::allocated_bytes>},
    LogColumn{"reserved", current<&Statistics::reserved_bytes>},
    LogColumn{"reserved_peak", peak<&Statistics::reserved_bytes>},
    LogColumn{"active", current<&Statistics::active_bytes>},
    LogColumn{"active_peak", peak<&Statistics::active_bytes>},
    LogColumn{"inactive_split", current<&Statistics::inactive_split_bytes>},
    LogColumn{"inactive_split_peak", peak<&Statistics::inactive_split_bytes>},
    LogColumn{"requested", current<&Statistics::requested_bytes>},
    LogColumn{"requested_peak", peak<&Statistics::requested_bytes>},
    LogColumn{"allocated_small", small_pool<&Statistics::allocated_bytes>},
    LogColumn{"reserved_small", small_pool<&Statistics::reserved_bytes>},
    LogColumn{"active_small", small_pool<&Statistics::active_bytes>},
    LogColumn{"inactive_split_small", small_pool<&Statistics::inactive_split_bytes>},
    LogColumn{"requested_small", small_pool<&Statistics::requested_bytes>},
    LogColumn{"n_allocation", current<&Statistics::allocation>},
    LogColumn{"n_segment", current<&Statistics::segment>},
    LogColumn{"n_active", current<&Statistics::active>},
    LogColumn{"n_inactive_split", current<&Statistics::inactive_split>},
    LogColumn{"n_oversize_alloc", current<&Statistics::oversize_allocations>},
    LogColumn{"n_oversize_segment", current<&Statistics::oversize_segments>},
    LogColumn{"alloc_retries", count<&Statistics::num_alloc_retries>},
    LogColumn{"ooms", count<&Statistics::num_ooms>},
    LogColumn{"sync_all_streams", count<&Statistics::num_sync_all_streams>},
    LogColumn{"device_alloc", count<&Statistics::num_device_alloc>},
    LogColumn{"device_free", count<&Statistics::num_device_free>},
    LogColumn{"device_used", device_used},
};

}  // namespace

std::optional<LogColumn> log_column(std::string_view name) {
  const auto* column =
      std::find_if(kColumns.begin(), kColumns.end(), [name](const LogColumn& c) { return c.name == name; });
  return column == kColumns.end() ? std::nullopt : std::optional(*column);
}

}  // namespace memsweep
