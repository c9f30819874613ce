#include "harness/trace/what_if.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/bytes.h"
#include "harness/memory/settings.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

// Several expandable segments, each with 9/8 of it as address space, must fit into the addresses there are.
constexpr std::size_t kLargestDevice = std::size_t{1} << 42;

TraceResult run_under(const Trace& trace, const AllocatorSettings& settings, PytorchRelease release,
                      DeviceSize device) {
  const FreshAllocator fresh = fresh_allocator(settings, release, device);
  return run_trace(trace, *fresh.allocator, *fresh.source, *fresh.streams);
}

/// None below what is live at a time runs, and none needs more than is reserved without a shortage.
std::size_t smallest_device(const Trace& trace, const AllocatorSettings& settings, PytorchRelease release,
                            std::size_t used_before) {
  const auto run_on = [&](std::size_t total) {
    return run_under(trace, settings, release, {total, used_before});
  };
  const TraceResult unhindered = run_on(kLargestDevice);
  if (unhindered.failure) return 0;
  const std::size_t live = (used_before + unhindered.peak.requested) / kGranule;
  std::size_t fails = live == 0 ? 0 : live - 1;
  std::size_t fits = round_to_granule(used_before + unhindered.peak.reserved) / kGranule;
  while (run_on(fits * kGranule).failure) fits *= 2;
  while (fits - fails > 1) {
    const std::size_t middle = fails + (fits - fails) / 2;
    (run_on(middle * kGranule).failure ? fails : fits) = middle;
  }
  return fits * kGranule;
}

std::string name(const WhatIf& w) { return w.settings.empty() ? "the default" : w.settings; }

}  // namespace

WhatIf what_if(const Trace& trace, std::string_view text, PytorchRelease release, DeviceSize device) {
  const AllocatorSettings settings = parse_settings(text, release);
  return {std::string(text), settings.backend == Backend::cuda_malloc_async,
          run_under(trace, settings, release, device),
          smallest_device(trace, settings, release, device.used_before)};
}

bool better(const WhatIf& a, const WhatIf& b) {
  const TraceResult& x = a.result;
  const TraceResult& y = b.result;
  if (x.failure.has_value() != y.failure.has_value()) return !x.failure;
  if (x.failure && x.operations != y.operations) return x.operations > y.operations;
  if (!x.failure && a.smallest_device != b.smallest_device) return a.smallest_device < b.smallest_device;
  if (x.peak.reserved != y.peak.reserved) return x.peak.reserved < y.peak.reserved;
  return x.alloc_retries < y.alloc_retries;
}

std::vector<std::string> sensible_settings() {
  return {"",
          "expandable_segments:True",
          "max_split_size_mb:64",
          "max_split_size_mb:128",
          "max_split_size_mb:256",
          "max_split_size_mb:512",
          "roundup_power2_divisions:4",
          "roundup_power2_divisions:8",
          "garbage_collection_threshold:0.8,per_process_memory_fraction:0.95",
          "backend:cudaMallocAsync"};
}

// What is exact goes before what is modelled.
std::string recommend(std::span<const WhatIf> tried) {
  const WhatIf& base = tried.front();
  const WhatIf& best = *std::min_element(tried.begin(), tried.end(), [](const WhatIf& a, const WhatIf& b) {
    const bool both_run = !a.result.failure && !b.result.failure;
    return both_run && a.modelled != b.modelled ? b.modelled : better(a, b);
  });
  const std::string reserved = format_bytes(best.result.peak.reserved);
  if (best.result.failure) {
    return fmt::format("No setting makes it fit: {} gets furthest, to event {}; {} are live there.",
                       name(best), best.result.failure->event,
                       format_bytes(best.result.failure->refused.allocated));
  }
  if (base.result.failure) {
    return fmt::format(
        "Take {}: it runs to the end, where {} is out of memory at event {}; it reserves {} at most.",
        name(best), name(base), base.result.failure->event, reserved);
  }
  constexpr double kWorthwhile = 0.98;  // of the device: a saving below 2 % is not worth a setting
  const auto enough = kWorthwhile * static_cast<double>(base.smallest_device);
  if (static_cast<double>(best.smallest_device) >= enough) {
    return fmt::format("Keep {}: no other setting runs on a device that is more than 2 % smaller than {}.",
                       name(base), format_bytes(base.smallest_device));
  }
  return fmt::format(
      "Take {}: it runs on a device of {} where {} needs {}, and reserves {} at most instead of {}.",
      name(best), format_bytes(best.smallest_device), name(base), format_bytes(base.smallest_device),
      reserved, format_bytes(base.result.peak.reserved));
}

}  // namespace memsweep
