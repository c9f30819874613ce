#include "harness/memory/setting_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

std::string large_segments(const AllocatorSettings& s) {
  return fmt::format("requests above 1MiB and below 10MiB are cut from segments of {}",
                     format_bytes(s.large_segment_size));
}

std::string max_split(const AllocatorSettings& s) {
  return fmt::format(
      "blocks of {} and more are never split, and serve only requests of that size within {} of their own",
      format_bytes(s.max_split_size), format_bytes(s.max_non_split_rounding));
}

std::string max_non_split_rounding(const AllocatorSettings& s) {
  return fmt::format("a block too large to be split serves requests less than {} below its size",
                     format_bytes(s.max_non_split_rounding));
}

std::string garbage_collection(const AllocatorSettings& s) {
  return fmt::format(
      "once more than {:g}% of the memory limit is reserved, the free segments unused for longest go back "
      "before a new one is taken",
      100 * s.garbage_collection_threshold);
}

std::string steps(std::size_t divisions) {
  return divisions > 1 ? fmt::format("to {} steps", divisions) : "to whole 512 bytes";
}

/// Size class i begins at 2^i MiB; the first one at 0.
std::string roundup(const AllocatorSettings& s) {
  const RoundupTable& table = s.roundup_divisions;
  std::string text = "sizes are rounded up between powers of two: ";
  for (auto begin = table.begin(); begin != table.end();) {
    const auto end = std::find_if(begin, table.end(), [begin](std::size_t d) { return d != *begin; });
    const auto lower = format_bytes(std::size_t{1_MiB} << (begin - table.begin()));
    if (begin == table.begin() && end == table.end()) return text + "all " + steps(*begin);
    if (begin == table.begin()) {
      text += fmt::format("below {} ", format_bytes(std::size_t{1_MiB} << (end - table.begin())));
    } else {
      text += fmt::format(", from {} ", lower);
    }
    text += steps(*begin);
    begin = end;
  }
  return text;
}

std::string expandable(const AllocatorSettings& s) {
  if (!s.expandable_segments) return "every segment is a cudaMalloc of its own, as without this key";
  return fmt::format(
      "each pool grows in one range of addresses, page by page (2MiB for small blocks, {} for others), so "
      "that free neighbours always merge",
      format_bytes(s.large_segment_size));
}

std::string memory_fraction(const AllocatorSettings& s) {
  if (s.memory_fraction == 1) return "no limit, as without this key";
  const bool live = s.backend == Backend::cuda_malloc_async;
  return fmt::format("{} memory is limited to {:g}% of the device", live ? "live" : "reserved",
                     100 * s.memory_fraction);
}

std::string rejection(const AllocatorSettings& s) {
  return s.reject_beyond_fraction
             ? "a request beyond the memory fraction fails at once: nothing is given back or tried again for "
               "it"
             : "requests beyond the memory fraction fail the ordinary way, as without this key";
}

std::string reserve(const AllocatorSettings& s) {
  if (!s.expandable_reserve) return "each expandable segment reserves 112.5% of the device's memory";
  const ExpandableReserve& r = *s.expandable_reserve;
  const std::string amount = r.of_total ? fmt::format("{:g}% of the device's memory", 100 * r.amount)
                                        : fmt::format("{:g}GiB", r.amount / static_cast<double>(1_GiB));
  return fmt::format("each expandable segment reserves addresses for {}", amount);
}

std::string backend(const AllocatorSettings& s) {
  switch (s.backend) {
    case Backend::cuda_malloc_async:
      return "the CUDA driver's memory pool serves every request; PyTorch rounds, splits and caches nothing";
    case Backend::direct: return "every block is a cudaMalloc of its own; nothing is cached";
    case Backend::native: break;
  }
  return "PyTorch's own caching allocator, as without this key";
}

struct Effect {
  std::string_view key;
  std::string (*sentence)(const AllocatorSettings&);
};

constexpr std::array kEffects{
    Effect{"large_segment_size_mb", large_segments},
    Effect{"max_split_size_mb", max_split},
    Effect{"max_non_split_rounding_mb", max_non_split_rounding},
    Effect{"garbage_collection_threshold", garbage_collection},
    Effect{"roundup_power2_divisions", roundup},
    Effect{"expandable_segments", expandable},
    Effect{"per_process_memory_fraction", memory_fraction},
    Effect{"throw_on_cudamalloc_oom", rejection},
    Effect{"expandable_segments_reserve", reserve},
    Effect{"backend", backend},
};

}  // namespace

std::string effect_of(const SettingKey& key, const AllocatorSettings& settings) {
  const auto* effect =
      std::find_if(kEffects.begin(), kEffects.end(), [&](const Effect& e) { return e.key == key.name; });
  if (effect != kEffects.end()) return effect->sentence(settings);
  if (key.scope == SettingScope::host) return "pinned host memory alone is handled differently";
  if (key.name == "expandable_segments_reserve_by_class")
    return "streams that C++ code has tagged with a class reserve other amounts of addresses";
  if (key.name == "graph_capture_record_stream_reuse")
    return "graph capture alone handles blocks of several streams differently";
  return "a lock is released while the device allocates; no byte changes";
}

}  // namespace memsweep
