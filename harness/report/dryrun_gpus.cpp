#include "harness/report/dryrun_gpus.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/memory/settings.h"
#include "harness/report/table.h"
#include "harness/trace/fresh_allocator.h"
#include "harness/trace/run_trace.h"

namespace memsweep {
namespace {

constexpr std::string_view kExpandable = "expandable_segments:True";

TraceResult run_on(const DryrunPart& part, const std::string& settings, const Profile& gpu,
                   std::size_t context) {
  const History& history = *part.history;
  const std::size_t others = part.used_before - std::min(part.used_before, context);
  const FreshAllocator fresh =
      fresh_allocator(parse_settings(settings, history.release), history.release,
                      {.total = gpu.memory_bytes, .used_before = gpu.context_bytes + others});
  return run_trace(history.trace, *fresh.allocator, *fresh.source, *fresh.streams);
}

/// Every part has a GPU of its own; the fullest decides. `settings` empty: each its own.
std::string outcome(const std::vector<DryrunPart>& parts, std::string_view settings, const Profile& gpu,
                    std::size_t context) {
  std::size_t peak = 0;
  std::int64_t retries = 0;
  for (const DryrunPart& part : parts) {
    const std::string own = settings.empty() ? part.history->settings : std::string(settings);
    const TraceResult result = run_on(part, own, gpu, context);
    if (result.failure) return "no";
    peak = std::max(peak, result.peak.device);
    retries += result.alloc_retries;
  }
  const std::string left = format_bytes(gpu.memory_bytes - std::min(peak, gpu.memory_bytes));
  return retries == 0 ? fmt::format("{} left", left) : fmt::format("flushing {}x", retries);
}

}  // namespace

std::string gpu_table(const std::vector<DryrunPart>& parts, std::span<const Profile> gpus,
                      std::size_t context) {
  std::vector<std::vector<std::string>> records{{"gpu", "memory", "as it ran", std::string(kExpandable)}};
  for (const Profile& gpu : gpus) {
    records.push_back({gpu.name, format_bytes(gpu.memory_bytes), outcome(parts, "", gpu, context),
                       outcome(parts, kExpandable, gpu, context)});
  }
  return format_table(records);
}

}  // namespace memsweep
