#include "harness/memory/settings_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"

namespace memsweep {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kGiB = std::size_t{1} << 30;

[[noreturn]] void refuse(std::string_view key, std::string_view value, std::string_view rule) {
  throw UsageError(fmt::format("allocator setting {}: '{}' {}", key, value, rule));
}

/// As PyTorch reads numbers: the longest prefix that is one, so that 20.9 and 20x are 20 and -1 wraps.
std::size_t whole_number(std::string_view key, const std::string& value) {
  try {
    return std::stoull(value);
  } catch (const std::out_of_range&) {
    refuse(key, value, "does not fit into 64 bits");
  } catch (const std::invalid_argument&) {
    refuse(key, value, "is not a number");
  }
}

double real_number(std::string_view key, const std::string& value) {
  try {
    return std::stod(value);
  } catch (const std::logic_error&) {
    refuse(key, value, "is not a number");
  }
}

/// Whole MB as bytes; more than 64 bits of bytes are cut to the last whole MB.
std::size_t megabytes(std::string_view key, const std::string& value) {
  return std::min(whole_number(key, value), AllocatorSettings::kUnlimited / kMiB) * kMiB;
}

bool boolean(std::string_view key, const std::string& value) {
  if (value != "True" && value != "False") refuse(key, value, "must be True or False");
  return value == "True";
}

void read_large_segment(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  c.settings.large_segment_size = megabytes(c.key, value);
  if (c.settings.large_segment_size <= 10 * kMiB) refuse(c.key, value, "must be above 10");
}

std::size_t at_least_a_large_segment(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  const std::size_t bytes = megabytes(c.key, value);
  if (bytes < c.settings.large_segment_size) {
    refuse(c.key, value, fmt::format("must be at least {}", c.settings.large_segment_size / kMiB));
  }
  return bytes;
}

void read_max_split(const SettingContext& c) { c.settings.max_split_size = at_least_a_large_segment(c); }

void read_max_non_split_rounding(const SettingContext& c) {
  c.settings.max_non_split_rounding = at_least_a_large_segment(c);
}

void read_garbage_collection(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  const double threshold = real_number(c.key, value);
  if (!(threshold > 0 && threshold < 1)) refuse(c.key, value, "must lie between 0 and 1");
  c.settings.garbage_collection_threshold = threshold;
}

/// `[256:1,512:2,>:8]`: a boundary in MB sets its own size class; the first one also all below it,
/// and `>` all above the last one. Classes between two boundaries keep what they have.
void read_roundup_list(const SettingContext& c) {
  RoundupTable& table = c.settings.roundup_divisions;
  std::size_t last = 0;
  bool first = true;
  c.tokens.take();
  while (!c.tokens.next_is("]")) {
    const std::string& boundary = c.tokens.take();
    c.tokens.skip_separator();
    const std::string& value = c.tokens.take();
    const std::size_t divisions = whole_number(c.key, value);
    if (divisions != 0 && !std::has_single_bit(divisions))
      refuse(c.key, value, "must be 0 or a power of two");
    if (boundary == ">") {
      std::fill(table.begin() + static_cast<std::ptrdiff_t>(last + 1), table.end(), divisions);
      last = table.size() - 1;
    } else {
      const std::size_t mb = whole_number(c.key, boundary);
      if (!std::has_single_bit(mb)) refuse(c.key, boundary, "must be a power of two");
      last = std::min(static_cast<std::size_t>(std::countr_zero(mb)), table.size() - 1);
      if (first) std::fill(table.begin(), table.begin() + static_cast<std::ptrdiff_t>(last), divisions);
      table[last] = divisions;
    }
    first = false;
    if (c.tokens.next_is(",")) c.tokens.skip_separator();
  }
  c.tokens.take();
}

void read_roundup(const SettingContext& c) {
  if (c.tokens.next_is("[")) return read_roundup_list(c);
  const std::string& value = c.tokens.take();
  const std::size_t divisions = whole_number(c.key, value);
  if (!std::has_single_bit(divisions)) refuse(c.key, value, "must be a power of two");
  c.settings.roundup_divisions.fill(divisions);
}

void read_expandable(const SettingContext& c) {
  c.settings.expandable_segments = boolean(c.key, c.tokens.take());
}

void read_memory_fraction(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  const double fraction = real_number(c.key, value);
  if (!(fraction >= 0 && fraction <= 1)) refuse(c.key, value, "must lie between 0 and 1");
  c.settings.memory_fraction = fraction;
}

void read_rejection(const SettingContext& c) {
  c.settings.reject_beyond_fraction = boolean(c.key, c.tokens.take());
}

void read_reserve(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  double amount = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, amount);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const bool gib = unit == "G" || unit == "g";
  if (error != std::errc{} || !(unit.empty() || gib) || !(amount > 0) || std::isinf(amount)) {
    c.settings.warnings.push_back(fmt::format("{}: '{}' is ignored", c.key, value));
    return;
  }
  c.settings.expandable_reserve = ExpandableReserve{gib ? amount * static_cast<double>(kGiB) : amount, !gib};
}

void read_backend(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  const auto* known = std::find(kBackendNames.begin(), kBackendNames.end(), value);
  if (known == kBackendNames.end()) throw UsageError(unknown("allocator backend", value, kBackendNames));
  c.settings.backend = static_cast<Backend>(known - kBackendNames.begin());
}

// Keys without an effect on device memory: host memory, graph capture, locking, and classes of
// streams, which no stream has here.
void check_boolean(const SettingContext& c) { boolean(c.key, c.tokens.take()); }
void check_whole_number(const SettingContext& c) { whole_number(c.key, c.tokens.take()); }
void check_positive(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  if (whole_number(c.key, value) == 0) refuse(c.key, value, "must be above 0");
}
void check_register_threads(const SettingContext& c) {
  const std::string& value = c.tokens.take();
  const std::size_t threads = whole_number(c.key, value);
  if (!std::has_single_bit(threads) || threads > 128)
    refuse(c.key, value, "must be a power of two up to 128");
}
void skip_list(const SettingContext& c) {
  if (!c.tokens.next_is("[")) refuse(c.key, c.tokens.take(), "must be a list in brackets");
  while (c.tokens.take() != "]") {
  }
}

using V = SettingValue;
using S = SettingScope;
constexpr auto kOldest = PytorchRelease::v2_11;
constexpr auto k13 = PytorchRelease::v2_13;
constexpr auto k15 = PytorchRelease::v2_15;

constexpr std::array kKeys{
    SettingKey{"large_segment_size_mb", kOldest, V::megabytes, S::native, read_large_segment},
    SettingKey{"max_split_size_mb", kOldest, V::megabytes, S::native, read_max_split},
    SettingKey{"max_non_split_rounding_mb", kOldest, V::megabytes, S::native, read_max_non_split_rounding},
    SettingKey{"garbage_collection_threshold", kOldest, V::real, S::native, read_garbage_collection},
    SettingKey{"roundup_power2_divisions", kOldest, V::divisions, S::native, read_roundup},
    SettingKey{"expandable_segments", kOldest, V::word, S::native, read_expandable},
    SettingKey{"per_process_memory_fraction", kOldest, V::real, S::device, read_memory_fraction},
    SettingKey{"throw_on_cudamalloc_oom", k13, V::word, S::native, read_rejection},
    SettingKey{"expandable_segments_reserve", k15, V::word, S::native, read_reserve},
    SettingKey{"backend", kOldest, V::word, S::device, read_backend},
    SettingKey{"expandable_segments_reserve_by_class", k15, V::word, S::no_effect, skip_list},
    SettingKey{"release_lock_on_cudamalloc", kOldest, V::word, S::no_effect, check_boolean},
    SettingKey{"release_lock_on_hipmalloc", kOldest, V::word, S::no_effect, check_boolean},
    SettingKey{"graph_capture_record_stream_reuse", kOldest, V::word, S::no_effect, check_boolean},
    SettingKey{"pinned_use_background_threads", kOldest, V::word, S::host, check_boolean},
    SettingKey{"pinned_use_cuda_host_register", kOldest, V::word, S::host, check_boolean},
    SettingKey{"pinned_use_hip_host_register", kOldest, V::word, S::host, check_boolean},
    SettingKey{"pinned_num_register_threads", kOldest, V::whole, S::host, check_register_threads},
    SettingKey{"pinned_reserve_segment_size_mb", kOldest, V::whole, S::host, check_positive},
    SettingKey{"pinned_max_round_threshold_mb", k13, V::whole, S::host, check_whole_number},
    SettingKey{"pinned_max_cached_size_mb", k13, V::whole, S::host, check_whole_number},
    SettingKey{"pinned_free_catch_all", k13, V::word, S::host, check_boolean},
};

}  // namespace

SettingTokens::SettingTokens(std::string_view text, std::string_view separators) {
  std::string word;
  const auto finish_word = [&] {
    if (!word.empty()) tokens_.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (separators.find(c) != std::string_view::npos) {
      finish_word();
      tokens_.emplace_back(1, c);
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      word += c;
    }
  }
  finish_word();
}

const std::string& SettingTokens::take() {
  if (at_end()) throw UsageError("the allocator settings end where a value or ']' is missing");
  return tokens_[next_++];
}

const SettingKey* known_setting(std::string_view name) noexcept {
  const auto* key =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const SettingKey& k) { return k.name == name; });
  return key == kKeys.end() ? nullptr : key;
}

const SettingKey& find_setting(std::string_view name, PytorchRelease release) {
  const SettingKey* key = known_setting(name);
  if (key == nullptr) {
    std::array<std::string_view, kKeys.size()> names;
    std::transform(kKeys.begin(), kKeys.end(), names.begin(), [](const SettingKey& k) { return k.name; });
    const auto near = nearest(name, names);
    throw UsageError(fmt::format("allocator setting '{}' is not known{}", name,
                                 near ? fmt::format("; did you mean '{}'?", *near) : ""));
  }
  if (key->since > release) {
    throw UsageError(fmt::format("allocator setting '{}' is not known to PyTorch {}; it came with {}", name,
                                 release_name(release), release_name(key->since)));
  }
  return *key;
}

void read_large_segment_first(std::string_view text, AllocatorSettings& settings) {
  for (SettingTokens tokens(text); !tokens.at_end();) {
    if (tokens.take() != "large_segment_size_mb") continue;
    tokens.skip_separator();
    read_large_segment({"large_segment_size_mb", tokens, settings});
  }
}

void require_whole_pages(const AllocatorSettings& settings) {
  if (settings.expandable_segments && settings.large_segment_size % kSmallSegment != 0) {
    throw UsageError(
        "expandable_segments:True needs an even large_segment_size_mb: no device has 1 MiB pages");
  }
}

}  // namespace memsweep
