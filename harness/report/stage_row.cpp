#include "harness/report/stage_row.h"

#include <algorithm>

namespace memsweep {
namespace {

template <auto... Path>
auto stage(std::string_view name, std::string_view unit, std::string_view meaning) {
  return column<&StageRow::stage, Path...>(name, unit, meaning);
}

template <auto Level>
auto now(std::string_view name, std::string_view meaning) {
  return stage<&Stage::now, Level>(name, "bytes", meaning);
}

template <auto Level>
auto peak_of_stage(std::string_view name, std::string_view meaning) {
  return stage<&Stage::peak, Level>(name, "bytes", meaning);
}

bool same_experiment(const StageRow& a, const StageRow& b) {
  return a.scenario == b.scenario && a.subject == b.subject && a.variant == b.variant &&
         a.device == b.device && a.stages == b.stages;
}

/// How many rows the experiment at the front has; 0 if some of them are missing.
std::size_t whole_experiment(std::span<const StageRow> rows) {
  if (rows.empty() || rows[0].stages < 1) return 0;
  const auto stages = static_cast<std::size_t>(rows[0].stages);
  if (stages > rows.size()) return 0;
  const auto of_the_first = [&](const StageRow& row) { return same_experiment(row, rows[0]); };
  return std::all_of(rows.begin(), rows.begin() + rows[0].stages, of_the_first) ? stages : 0;
}

}  // namespace

template <>
std::span<const Column<StageRow>> columns<StageRow>() {
  static const std::vector<Column<StageRow>> table{
      column<&StageRow::scenario>("scenario", "", "name of the scenario"),
      column<&StageRow::subject>("subject", "", "what is tried: a pattern of requests, a model at a batch"),
      column<&StageRow::variant>("variant", "", "what the scenario varies: settings, an order of steps"),
      stage<&Stage::name>("stage", "", "the part of the experiment that the row is about"),
      column<&StageRow::stages>("stages", "", "how many the experiment has, a row each"),
      column<&StageRow::device>("device", "", "cpu, or sim:PROFILE for a simulated device"),
      stage<&Stage::outcome>("outcome", "", "ok, oom (memory ran out) or error"),
      stage<&Stage::verdict>("verdict", "",
                             "fits; flushing: it runs, but gives cached memory back again and again; or why "
                             "memory ran out: capacity, fragmentation, cache, foreign, limit"),
      now<&Levels::requested>("now_requested_bytes", "what the program holds when the stage is over"),
      now<&Levels::allocated>("now_allocated_bytes", "its blocks, rounding included"),
      now<&Levels::reserved>("now_reserved_bytes", "the segments that the allocator holds then"),
      now<&Levels::device>("now_device_bytes", "all that is taken from the device then"),
      peak_of_stage<&Levels::requested>("peak_requested_bytes",
                                        "peak of what the program asked for, since the stage began"),
      peak_of_stage<&Levels::allocated>("peak_allocated_bytes",
                                        "peak of the blocks that were handed out, rounding included"),
      peak_of_stage<&Levels::reserved>("peak_reserved_bytes",
                                       "peak of the segments that the allocator holds"),
      peak_of_stage<&Levels::device>("device_peak_bytes",
                                     "peak of what is taken from the device, context and others included"),
      stage<&Stage::alloc_retries>("alloc_retries", "",
                                   "requests that needed cached memory to be given back to the device first"),
      stage<&Stage::unused_at_peak>("unused_at_peak", "",
                                    "share of the reserved bytes, at their peak, that no block used"),
      stage<&Stage::scattered>("scattered", "",
                               "1 - largest free piece / all free bytes, when a request was refused; empty "
                               "if none was"),
      stage<&Stage::reserved_beyond_live>("reserved_beyond_live_bytes", "bytes",
                                          "peak_reserved_bytes - peak_allocated_bytes"),
      stage<&Stage::refused_bytes>("refused_bytes", "bytes", "the request that was refused; 0 if none was"),
      stage<&Stage::refused_at>("refused_at", "", "its number among the requests, from 1; empty if none was"),
      stage<&Stage::largest_fit>("largest_fit_bytes", "bytes",
                                 "the largest request that would have been served in its place"),
      stage<&Stage::seconds, &Spread::median>("seconds_median", "s",
                                              "time of the stage; on sim that of its ops alone"),
      stage<&Stage::seconds, &Spread::iqr>("seconds_iqr", "s", "its interquartile range"),
      stage<&Stage::seconds, &Spread::samples>("seconds_samples", "",
                                               "how many times it was timed; 0 on sim where it has no ops"),
      stage<&Stage::message>("message", "", "PyTorch's own words for an oom; the reason of an error"),
  };
  return table;
}

std::size_t whole_experiments(std::span<const StageRow> rows) {
  std::size_t whole = 0;
  while (const std::size_t more = whole_experiment(rows.subspan(whole))) whole += more;
  return whole;
}

std::vector<ExperimentResult> experiment_results(std::span<const StageRow> rows) {
  std::vector<ExperimentResult> results;
  while (const std::size_t stages = whole_experiment(rows)) {
    ExperimentResult& result = results.emplace_back(ExperimentResult{rows[0].subject, rows[0].variant, {}});
    for (const StageRow& row : rows.first(stages)) result.stages.push_back(row.stage);
    rows = rows.subspan(stages);
  }
  return results;
}

}  // namespace memsweep
