#include "scenarios/case_result.h"

#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

namespace memsweep {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson row_json(const PhaseRow& row) {
  return {row.step,          row.phase,       row.allocated,      row.peak_allocated, row.reserved,
          row.peak_reserved, row.requested,   row.peak_requested, row.active,         row.peak_active,
          row.alloc_retries, row.allocations, row.segments};
}

/// Numbers segments and allocations in the order in which they come.
class EventList {
 public:
  explicit EventList(const Recording& recording) : recording_(recording) {}

  void add(const Event& event) {
    switch (event.action) {
      case Action::segment_alloc:
        segments_[event.address] = next_segment_++;
        events_.push_back({"segment", segments_[event.address], event.size});
        return;
      case Action::segment_free:
        events_.push_back({"segment_free", segments_[event.address], event.size});
        segments_.erase(event.address);
        return;
      case Action::segment_map: return page_event("map", event);
      case Action::segment_unmap: return page_event("unmap", event);
      case Action::alloc: return add_allocation(event);
      case Action::free_completed: events_.push_back({"free", allocations_.at(event.address)}); return;
      case Action::free_requested:
      case Action::oom: return;
    }
  }

  void end_phase(const PhaseMark& mark) { events_.push_back({"phase", mark.step, mark.phase}); }

  OrderedJson json(const std::string& id) && {
    OrderedJson line;
    line["id"] = id;
    line["events"] = std::move(events_);
    line["ops"] = std::move(ops_);
    return line;
  }

 private:
  /// Runs of pages are numbered by where they begin.
  void page_event(const char* name, const Event& event) {
    const auto [known, is_new] = ranges_.try_emplace(event.address, ranges_.size());
    events_.push_back({name, known->second, event.size});
  }

  void add_allocation(const Event& event) {
    const std::size_t number = ops_.size();
    allocations_[event.address] = number;
    ops_.push_back(recording_.places[event.place].function);
    const auto behind = segments_.upper_bound(event.address);
    if (behind == segments_.begin()) {
      events_.push_back({"alloc", number, event.size, -1, 0});
    } else {
      const auto& [address, segment] = *std::prev(behind);
      events_.push_back({"alloc", number, event.size, segment, event.address - address});
    }
  }

  const Recording& recording_;
  std::map<Address, std::size_t> segments_;
  std::size_t next_segment_ = 0;
  std::unordered_map<Address, std::size_t> ranges_;
  std::unordered_map<Address, std::size_t> allocations_;  // that live, by address
  OrderedJson events_ = OrderedJson::array();
  OrderedJson ops_ = OrderedJson::array();
};

/// Neighbours of the same outcome become one run.
OrderedJson runs_json(const std::map<std::int64_t, std::string>& tried) {
  OrderedJson runs = OrderedJson::array();
  for (const auto& [batch, outcome] : tried) {
    if (!runs.empty() && runs.back()[2] == outcome) {
      runs.back()[1] = batch;
    } else {
      runs.push_back({batch, batch, outcome});
    }
  }
  return runs;
}

OrderedJson side_json(const nlohmann::json& one, const Case& read, std::int64_t batch) {
  nlohmann::json at_json = one;
  at_json["batch"] = batch;
  Case at = read;
  at.batch = batch;
  return result_json(at_json, run_case(at, *make_sim(profile_of(at))));
}

}  // namespace

OrderedJson search_json(const nlohmann::json& one, const Case& read) {
  const CaseSearchResult found = search_case(read);
  OrderedJson line;
  line["case"] = one;
  if (read.search->start == 0) {
    line["runs"] = runs_json(found.tried);
    return line;
  }
  line["largest"] = found.largest;
  line["trials"] = found.tried.size();
  if (found.largest > 0) line["fits"] = side_json(one, read, found.largest);
  line["fails"] = side_json(one, read, found.largest + 1);
  for (const auto& [batch, outcome] : found.tried) line["tried"][std::to_string(batch)] = outcome;
  return line;
}

OrderedJson result_json(const nlohmann::json& one, const PhaseRun& run) {
  OrderedJson line;
  line["case"] = one;
  line["outcome"] = std::string(name_of(run.outcome));
  line["rows"] = OrderedJson::array();
  for (const PhaseRow& row : run.rows) line["rows"].push_back(row_json(row));
  if (run.outcome == Outcome::oom) {
    line["after"] = {run.at_failure.step, run.at_failure.phase};
    line["message"] = run.message;
    line["at_failure"] = row_json(run.at_failure);
  }
  return line;
}

OrderedJson events_json(const std::string& id, const PhaseRun& run) {
  EventList list(run.recording);
  auto mark = run.marks.begin();
  const auto& events = run.recording.events;
  for (std::size_t i = 0; i <= events.size(); ++i) {
    for (; mark != run.marks.end() && mark->events == i; ++mark) list.end_phase(*mark);
    if (i < events.size()) list.add(events[i]);
  }
  return std::move(list).json(id);
}

}  // namespace memsweep
