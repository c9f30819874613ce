#include "harness/memory/setting_conflicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "harness/base/bytes.h"
#include "harness/memory/settings_keys.h"

namespace memsweep {
namespace {

struct Situation {
  std::span<const SettingExplanation> entries;
  const AllocatorSettings& settings;
  PytorchRelease release;

  [[nodiscard]] bool given(std::string_view key) const {
    for (const SettingExplanation& entry : entries) {
      if (entry.key == key && entry.error.empty()) return true;
    }
    return false;
  }
};

using Warnings = std::vector<std::string>;

void large_segments(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (now.settings.large_segment_size % kRoundLarge == 0) return;
  warnings.push_back("the device takes memory in steps of 2MiB: 1MiB of each such segment is lost");
}

void max_split(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (now.settings.max_split_size == now.settings.large_segment_size) {
    const std::string size = format_bytes(now.settings.large_segment_size);
    warnings.push_back(fmt::format(
        "a segment of {0} that became free is itself too large to be split: requests from 1MiB to 10MiB take "
        "a new one each time; give at least 1 more",
        size));
  }
  if (now.settings.expandable_segments) {
    warnings.push_back(
        "with expandable_segments:True free blocks of this size are passed over while the range grows: "
        "reserved memory can grow without bound");
  }
}

void max_non_split_rounding(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (!now.given("max_split_size_mb")) warnings.push_back("no effect without max_split_size_mb");
}

void garbage_collection(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (now.settings.memory_fraction == 1) {
    warnings.push_back(
        "no effect without a memory limit: give per_process_memory_fraction below 1, or call "
        "set_per_process_memory_fraction()");
  }
  if (now.settings.expandable_segments) warnings.push_back("expandable segments are never collected");
}

/// The size classes that a list names, as bits.
std::uint32_t listed_classes(const std::string& list) {
  std::uint32_t classes = 0;
  const SettingTokens tokens(list);
  const auto words = tokens.all();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if ((words[i] != "[" && words[i] != ",") || words[i + 1] == ">" || words[i + 1] == "]") continue;
    const int index = std::countr_zero(std::stoull(words[i + 1]));
    classes |= std::uint32_t{1} << std::min(index, 15);
  }
  return classes;
}

void roundup(const Situation& now, const SettingExplanation& entry, Warnings& warnings) {
  if (!entry.value.starts_with('[')) return;
  const std::uint32_t listed = listed_classes(entry.value);
  if (listed == 0 && now.settings.roundup_divisions[1] > 1) {
    warnings.push_back("'>' alone leaves sizes below 2MiB out");
    return;
  }
  const int first = std::countr_zero(listed);
  const int last = std::bit_width(listed) - 1;
  for (int i = first; i < last; ++i) {
    if ((listed >> i & 1) != 0) continue;
    warnings.push_back(
        fmt::format("sizes from {} to {} are left out: a boundary counts for its own class only",
                    format_bytes(1_MiB << i), format_bytes(1_MiB << (i + 1))));
  }
}

void expandable(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (!now.settings.expandable_segments || allocator_rules(now.release).refuses_beyond_reservation) return;
  warnings.push_back(
      fmt::format("PyTorch {} answers a request beyond the device by filling it page by page before it fails",
                  release_name(now.release)));
}

void memory_fraction(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (now.settings.memory_fraction == 0) warnings.push_back("no request can be served");
  if (now.settings.backend == Backend::direct) warnings.push_back("no effect with backend:direct");
  if (now.settings.backend == Backend::cuda_malloc_async) {
    warnings.push_back(
        "PyTorch does not read it with backend:cudaMallocAsync: call set_per_process_memory_fraction(), "
        "which "
        "is what memsweep takes it for");
  }
}

void rejection(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (!now.settings.reject_beyond_fraction) return;
  warnings.push_back(
      now.settings.memory_fraction == 1
          ? "rejects only what exceeds the whole device: no per_process_memory_fraction is given"
          : "the limit that the fraction sets as well fails first, the ordinary way, unless "
            "set_per_process_memory_fraction(1.0) lifts it");
}

void reserve(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (!now.settings.expandable_segments) warnings.push_back("no effect without expandable_segments:True");
}

void backend(const Situation& now, const SettingExplanation&, Warnings& warnings) {
  if (now.settings.backend != Backend::direct) return;
  warnings.push_back("memsweep's own word, unknown to PyTorch: there it is PYTORCH_NO_CUDA_MEMORY_CACHING=1");
}

struct Check {
  std::string_view key;
  void (*warn)(const Situation&, const SettingExplanation&, Warnings&);
};

constexpr std::array kChecks{
    Check{"large_segment_size_mb", large_segments},
    Check{"max_split_size_mb", max_split},
    Check{"max_non_split_rounding_mb", max_non_split_rounding},
    Check{"garbage_collection_threshold", garbage_collection},
    Check{"roundup_power2_divisions", roundup},
    Check{"expandable_segments", expandable},
    Check{"per_process_memory_fraction", memory_fraction},
    Check{"throw_on_cudamalloc_oom", rejection},
    Check{"expandable_segments_reserve", reserve},
    Check{"backend", backend},
};

void warn(const Situation& now, SettingExplanation& entry) {
  const SettingKey& key = *known_setting(entry.key);
  if (key.scope == SettingScope::host)
    entry.warnings.push_back("host memory only: no effect on device memory");
  if (key.scope == SettingScope::no_effect) entry.warnings.push_back("no effect on device memory");
  if (key.scope == SettingScope::native && now.settings.backend != Backend::native) {
    entry.warnings.push_back(fmt::format("no effect with backend:{}", name_of(now.settings.backend)));
    return;
  }
  for (const Check& check : kChecks) {
    if (check.key == entry.key) check.warn(now, entry, entry.warnings);
  }
}

/// Of several entries with one key the last one counts.
bool overridden(std::span<const SettingExplanation> later, std::string_view key) {
  for (const SettingExplanation& entry : later) {
    if (entry.key == key && entry.error.empty()) return true;
  }
  return false;
}

}  // namespace

void warn_of_conflicts(std::span<SettingExplanation> entries, const AllocatorSettings& settings,
                       PytorchRelease release) {
  const Situation now{entries, settings, release};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    SettingExplanation& entry = entries[i];
    if (!entry.error.empty()) continue;
    if (overridden(entries.subspan(i + 1), entry.key)) {
      entry.effect = "none";
      entry.warnings.push_back("given again further on, which is what counts");
    } else {
      warn(now, entry);
    }
  }
}

}  // namespace memsweep
