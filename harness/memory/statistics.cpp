#include "harness/memory/statistics.h"

#include <array>
#include <string_view>

namespace memsweep {
namespace {

struct PoolStatRow {
  std::string_view name;
  PoolStat Statistics::*stat;
};
struct StatRow {
  std::string_view name;
  Stat Statistics::*stat;
};
struct CounterRow {
  std::string_view name;
  std::int64_t Statistics::*counter;
};

constexpr std::array<PoolStatRow, 9> kPoolStats{{
    {"allocation", &Statistics::allocation},
    {"segment", &Statistics::segment},
    {"active", &Statistics::active},
    {"inactive_split", &Statistics::inactive_split},
    {"allocated_bytes", &Statistics::allocated_bytes},
    {"reserved_bytes", &Statistics::reserved_bytes},
    {"active_bytes", &Statistics::active_bytes},
    {"inactive_split_bytes", &Statistics::inactive_split_bytes},
    {"requested_bytes", &Statistics::requested_bytes},
}};

constexpr std::array<StatRow, 2> kStats{{
    {"oversize_allocations", &Statistics::oversize_allocations},
    {"oversize_segments", &Statistics::oversize_segments},
}};

constexpr std::array<CounterRow, 6> kCounters{{
    {"num_alloc_retries", &Statistics::num_alloc_retries},
    {"num_ooms", &Statistics::num_ooms},
    {"num_sync_all_streams", &Statistics::num_sync_all_streams},
    {"num_device_alloc", &Statistics::num_device_alloc},
    {"num_device_free", &Statistics::num_device_free},
    {"num_oom_rejections", &Statistics::num_oom_rejections},
}};

template <class Visit>
void for_each_stat(Statistics& statistics, Visit visit) {
  for (const PoolStatRow& row : kPoolStats) {
    PoolStat& stat = statistics.*row.stat;
    visit(stat.all);
    visit(stat.small_pool);
    visit(stat.large_pool);
  }
  for (const StatRow& row : kStats) visit(statistics.*row.stat);
}

void append(std::vector<NamedStatistic>& entries, const std::string& prefix, const Stat& stat) {
  entries.push_back({prefix + ".allocated", stat.allocated});
  entries.push_back({prefix + ".current", stat.current});
  entries.push_back({prefix + ".freed", stat.freed});
  entries.push_back({prefix + ".peak", stat.peak});
}

}  // namespace

void Statistics::reset_peaks() noexcept {
  for_each_stat(*this, [](Stat& stat) { stat.reset_peak(); });
}

void Statistics::reset_accumulated() noexcept {
  for_each_stat(*this, [](Stat& stat) { stat.reset_accumulated(); });
  for (const CounterRow& row : kCounters) this->*row.counter = 0;
}

std::vector<NamedStatistic> memory_stats(const Statistics& statistics, const AllocatorRules& rules) {
  std::vector<NamedStatistic> entries;
  for (const PoolStatRow& row : kPoolStats) {
    const PoolStat& stat = statistics.*row.stat;
    const std::string name(row.name);
    append(entries, name + ".all", stat.all);
    append(entries, name + ".large_pool", stat.large_pool);
    append(entries, name + ".small_pool", stat.small_pool);
  }
  for (const StatRow& row : kStats) append(entries, std::string(row.name), statistics.*row.stat);
  for (const CounterRow& row : kCounters) {
    if (row.counter == &Statistics::num_oom_rejections && !rules.rejection) continue;
    entries.push_back({std::string(row.name), statistics.*row.counter});
  }
  entries.push_back({"max_split_size", statistics.max_split_size});
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

}  // namespace memsweep
