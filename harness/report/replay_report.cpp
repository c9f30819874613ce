#include "harness/report/replay_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/csv.h"
#include "harness/report/quantity.h"
#include "harness/report/table.h"
#include "harness/trace/pinned.h"

namespace memsweep {
namespace {

std::string name_of_settings(const WhatIf& w) { return w.settings.empty() ? "default" : w.settings; }

constexpr std::string_view kModelled =
    "cudaMallocAsync is a model of the driver's pool; all else is exact.\n";

std::string outcome_of(const TraceResult& result) {
  return result.failure ? fmt::format("out at event {}", result.failure->event) : "fits";
}

/// "train.py:42 (forward), event 811"
std::string origin(const Trace& trace, PlaceId place, std::uint32_t event) {
  const Place& at = trace.places[place];
  if (at.file.empty()) return fmt::format("event {}", event);
  return fmt::format("{}:{} ({}), event {}", at.file, at.line, at.function, event);
}

std::string describe_pins(const Trace& trace, const PinnedSegment& segment) {
  constexpr std::size_t kShown = 2;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, segment.pins.size()); ++i) {
    const PinnedSegment::Pin& pin = segment.pins[i];
    text += fmt::format("{}{} of {}", i == 0 ? "" : "; ", format_bytes(pin.bytes),
                        origin(trace, pin.place, pin.event));
  }
  if (segment.pins.size() > kShown) text += fmt::format("; and {} more", segment.pins.size() - kShown);
  return text;
}

}  // namespace

std::string replay_table(std::span<const WhatIf> tried) {
  std::vector<std::vector<std::string>> records{{"settings", "outcome", "peak allocated", "peak reserved",
                                                 "retries", "unused at peak", "scattered", "beyond live",
                                                 "smallest device"}};
  for (const WhatIf& w : tried) {
    const TraceResult& r = w.result;
    records.push_back({name_of_settings(w), outcome_of(r), format_bytes(r.peak.allocated),
                       format_bytes(r.peak.reserved), fmt::format("{}", r.alloc_retries),
                       format_share(r.fragmentation.unused_at_peak),
                       r.fragmentation.scattered ? format_share(*r.fragmentation.scattered) : "-",
                       format_bytes(r.fragmentation.reserved_beyond_live),
                       w.smallest_device == 0 ? "none" : format_bytes(w.smallest_device)});
  }
  const bool modelled = std::any_of(tried.begin(), tried.end(), [](const WhatIf& w) { return w.modelled; });
  return format_table(records) + (modelled ? std::string(kModelled) : "");
}

std::string replay_csv(std::span<const WhatIf> tried) {
  std::string text =
      csv_line({"settings", "outcome", "oom_event", "peak_requested_bytes", "peak_allocated_bytes",
                "peak_reserved_bytes", "device_peak_bytes", "alloc_retries", "unused_at_peak", "scattered",
                "reserved_beyond_live_bytes", "smallest_device_bytes"}) +
      "\n";
  const auto number = [](auto value) { return fmt::format("{}", value); };
  for (const WhatIf& w : tried) {
    const TraceResult& r = w.result;
    text += csv_line({w.settings, r.failure ? "oom" : "ok", r.failure ? number(r.failure->event) : "",
                      number(r.peak.requested), number(r.peak.allocated), number(r.peak.reserved),
                      number(r.peak.device), number(r.alloc_retries), number(r.fragmentation.unused_at_peak),
                      r.fragmentation.scattered ? number(*r.fragmentation.scattered) : "",
                      number(r.fragmentation.reserved_beyond_live), number(w.smallest_device)}) +
            "\n";
  }
  return text;
}

std::string shortage_in_trace(const Trace& trace, const WhatIf& tried, std::size_t largest_fit) {
  const TraceFailure& failure = *tried.result.failure;
  const OutOfMemory& refused = failure.refused;
  const Operation& request = trace.operations[failure.operation];
  std::string text = fmt::format(
      "{} were asked for by {}; {} is the largest request that would have been served in its "
      "place.\n"
      "{} are live, {} reserved, {} free on the device.\n",
      format_bytes(refused.requested), origin(trace, request.place, request.event), format_bytes(largest_fit),
      format_bytes(refused.allocated), format_bytes(refused.reserved), format_bytes(refused.device_free));
  const std::vector<PinnedSegment> pinned = pinned_segments(trace, failure);
  if (pinned.empty()) return text + "No free memory is pinned by live blocks.\n";
  constexpr std::size_t kShown = 8;
  std::vector<std::vector<std::string>> records{{"segment", "size", "free", "largest piece", "pinned by"}};
  std::size_t free = 0;
  for (const PinnedSegment& segment : pinned) {
    free += segment.free;
    if (records.size() > kShown) continue;
    records.push_back({fmt::format("{:#x}", segment.address), format_bytes(segment.bytes),
                       format_bytes(segment.free), format_bytes(segment.largest_free),
                       describe_pins(trace, segment)});
  }
  text +=
      fmt::format("{} are free in {} segments that live blocks pin{}:\n", format_bytes(free), pinned.size(),
                  pinned.size() > kShown ? fmt::format(", the {} with most of it", kShown) : "");
  return text + format_table(records);
}

std::string describe_difference(const Difference& d) {
  return fmt::format("event {}\n  recorded: {}\n  replayed: {}\n{}", d.event, d.recorded, d.replayed,
                     d.context);
}

}  // namespace memsweep
