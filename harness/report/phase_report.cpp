#include "harness/report/phase_report.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

std::string bytes(std::int64_t count) { return format_bytes(static_cast<std::size_t>(count)); }

std::string csv(const TextRecords& records) {
  std::string text;
  for (const auto& record : records) text += fmt::format("{}\n", fmt::join(record, ","));
  return text;
}

/// From the first allocation to the last: who asked, and when it died.
TextRecords allocation_records(const PhaseRun& run, std::string (*size)(std::int64_t)) {
  TextRecords records{{"allocation", "step", "phase", "op", "requested", "freed in"}};
  std::unordered_map<Address, std::size_t> live;  // number of the record
  auto mark = run.marks.begin();
  const auto& events = run.recording.events;
  const auto phase = [&] {
    return mark == run.marks.end() ? std::pair{run.at_failure.step, std::string("unfinished")}
                                   : std::pair{mark->step, mark->phase};
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    while (mark != run.marks.end() && mark->events <= i) ++mark;
    const Event& event = events[i];
    const auto [step, name] = phase();
    if (event.action == Action::alloc) {
      live[event.address] = records.size();
      records.push_back({fmt::format("{}", records.size() - 1), fmt::format("{}", step), name,
                         run.recording.places[event.place].function,
                         size(static_cast<std::int64_t>(event.size)), "-"});
    } else if (event.action == Action::free_completed) {
      records[live.at(event.address)].back() = fmt::format("{}.{}", step, name);
    }
  }
  return records;
}

std::string plain(std::int64_t count) { return fmt::format("{}", count); }

}  // namespace

std::string phase_table(const PhaseRun& run) {
  TextRecords records{
      {"phase", "step", "allocated", "peak", "reserved", "peak", "requested", "peak", "retries"}};
  for (const PhaseRow& row : run.rows) {
    records.push_back({row.phase, fmt::format("{}", row.step), bytes(row.allocated),
                       bytes(row.peak_allocated), bytes(row.reserved), bytes(row.peak_reserved),
                       bytes(row.requested), bytes(row.peak_requested),
                       fmt::format("{}", row.alloc_retries)});
  }
  return format_table(records);
}

std::string phase_csv(const PhaseRun& run) {
  TextRecords records{{"step", "phase", "allocated", "peak_allocated", "reserved", "peak_reserved",
                       "requested", "peak_requested", "active", "peak_active", "alloc_retries", "allocations",
                       "segments"}};
  for (const PhaseRow& row : run.rows) {
    std::vector<std::string> record{plain(row.step), row.phase};
    for (std::int64_t value :
         {row.allocated, row.peak_allocated, row.reserved, row.peak_reserved, row.requested,
          row.peak_requested, row.active, row.peak_active, row.alloc_retries, row.allocations, row.segments})
      record.push_back(plain(value));
    records.push_back(std::move(record));
  }
  return csv(records);
}

std::string peak_table(const PhaseRun& run) {
  constexpr std::size_t kOps = 10;
  const std::size_t all = std::accumulate(run.by_category.begin(), run.by_category.end(), std::size_t{0});
  const auto share = [](std::size_t part, std::size_t whole) {
    return fmt::format("{:.1f}%",
                       whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  };
  TextRecords categories{{"category", "allocated", "share"}};
  for (std::size_t i = 0; i < run.by_category.size(); ++i) {
    if (run.by_category[i] == 0) continue;
    categories.push_back({std::string(name_of(static_cast<Category>(i))), format_bytes(run.by_category[i]),
                          share(run.by_category[i], all)});
  }
  const auto ops = shares_at_peak(run.recording);
  const std::size_t requested =
      std::accumulate(ops.begin(), ops.end(), std::size_t{0},
                      [](std::size_t sum, const OpShare& op) { return sum + op.bytes; });
  TextRecords by_op{{"asked for by", "blocks", "requested", "share"}};
  for (std::size_t i = 0; i < std::min(kOps, ops.size()); ++i) {
    by_op.push_back({ops[i].op, fmt::format("{}", ops[i].blocks), format_bytes(ops[i].bytes),
                     share(ops[i].bytes, requested)});
  }
  return format_table(categories) + "\n" + format_table(by_op);
}

std::string allocation_table(const PhaseRun& run) { return format_table(allocation_records(run, bytes)); }
std::string allocation_csv(const PhaseRun& run) { return csv(allocation_records(run, plain)); }

}  // namespace memsweep
