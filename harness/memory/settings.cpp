#include "harness/memory/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "harness/memory/errors.h"

namespace memsweep {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kGiB = std::size_t{1} << 30;

/// The text as PyTorch cuts it up: `,` `:` `[` `]` stand alone, blanks vanish, all else is glued.
class Tokens {
 public:
  explicit Tokens(std::string_view text) {
    std::string word;
    const auto finish_word = [&] {
      if (!word.empty()) tokens_.push_back(std::move(word));
      word.clear();
    };
    for (const char c : text) {
      if (std::string_view(",:[]").find(c) != std::string_view::npos) {
        finish_word();
        tokens_.emplace_back(1, c);
      } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
        word += c;
      }
    }
    finish_word();
  }

  [[nodiscard]] bool at_end() const { return next_ >= tokens_.size(); }

  const std::string& take() {
    if (at_end()) throw UsageError("the allocator settings end where a value or ']' is missing");
    return tokens_[next_++];
  }

  /// PyTorch 2.11 to 2.15 do not look which separator it is.
  void skip_separator() { take(); }

  [[nodiscard]] bool next_is(std::string_view token) const { return !at_end() && tokens_[next_] == token; }

 private:
  std::vector<std::string> tokens_;
  std::size_t next_ = 0;
};

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

struct Context {
  std::string_view key;
  Tokens& tokens;
  AllocatorSettings& settings;
};

void read_large_segment(const Context& c) {
  const std::string& value = c.tokens.take();
  c.settings.large_segment_size = megabytes(c.key, value);
  if (c.settings.large_segment_size <= 10 * kMiB) refuse(c.key, value, "must be above 10");
}

std::size_t at_least_a_large_segment(const Context& c) {
  const std::string& value = c.tokens.take();
  const std::size_t bytes = megabytes(c.key, value);
  if (bytes < c.settings.large_segment_size) {
    refuse(c.key, value, fmt::format("must be at least {}", c.settings.large_segment_size / kMiB));
  }
  return bytes;
}

void read_max_split(const Context& c) { c.settings.max_split_size = at_least_a_large_segment(c); }

void read_max_non_split_rounding(const Context& c) {
  c.settings.max_non_split_rounding = at_least_a_large_segment(c);
}

void read_garbage_collection(const Context& c) {
  const std::string& value = c.tokens.take();
  const double threshold = real_number(c.key, value);
  if (!(threshold > 0 && threshold < 1)) refuse(c.key, value, "must lie between 0 and 1");
  c.settings.garbage_collection_threshold = threshold;
}

/// `[256:1,512:2,>:8]`: a boundary in MB sets its own size class; the first one also all below it,
/// and `>` all above the last one. Classes between two boundaries keep what they have.
void read_roundup_list(const Context& c) {
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

void read_roundup(const Context& c) {
  if (c.tokens.next_is("[")) return read_roundup_list(c);
  const std::string& value = c.tokens.take();
  const std::size_t divisions = whole_number(c.key, value);
  if (!std::has_single_bit(divisions)) refuse(c.key, value, "must be a power of two");
  c.settings.roundup_divisions.fill(divisions);
}

void read_expandable(const Context& c) { c.settings.expandable_segments = boolean(c.key, c.tokens.take()); }

void read_memory_fraction(const Context& c) {
  const std::string& value = c.tokens.take();
  const double fraction = real_number(c.key, value);
  if (!(fraction >= 0 && fraction <= 1)) refuse(c.key, value, "must lie between 0 and 1");
  c.settings.memory_fraction = fraction;
}

void read_rejection(const Context& c) { c.settings.reject_beyond_fraction = boolean(c.key, c.tokens.take()); }

void read_reserve(const Context& c) {
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

void read_backend(const Context& c) {
  const std::string& value = c.tokens.take();
  if (value != "native") refuse(c.key, value, "is not this allocator; only native is");
}

// Keys without an effect on device memory: host memory, graph capture, locking, and classes of
// streams, which no stream has here.
void check_boolean(const Context& c) { boolean(c.key, c.tokens.take()); }
void check_whole_number(const Context& c) { whole_number(c.key, c.tokens.take()); }
void check_positive(const Context& c) {
  const std::string& value = c.tokens.take();
  if (whole_number(c.key, value) == 0) refuse(c.key, value, "must be above 0");
}
void check_register_threads(const Context& c) {
  const std::string& value = c.tokens.take();
  const std::size_t threads = whole_number(c.key, value);
  if (!std::has_single_bit(threads) || threads > 128)
    refuse(c.key, value, "must be a power of two up to 128");
}
void skip_list(const Context& c) {
  if (!c.tokens.next_is("[")) refuse(c.key, c.tokens.take(), "must be a list in brackets");
  while (c.tokens.take() != "]") {
  }
}

struct Key {
  std::string_view name;
  PytorchRelease since;
  void (*read)(const Context&);
};

constexpr auto kOldest = PytorchRelease::v2_11;
constexpr std::array kKeys{
    Key{"large_segment_size_mb", kOldest, read_large_segment},
    Key{"max_split_size_mb", kOldest, read_max_split},
    Key{"max_non_split_rounding_mb", kOldest, read_max_non_split_rounding},
    Key{"garbage_collection_threshold", kOldest, read_garbage_collection},
    Key{"roundup_power2_divisions", kOldest, read_roundup},
    Key{"expandable_segments", kOldest, read_expandable},
    Key{"per_process_memory_fraction", kOldest, read_memory_fraction},
    Key{"throw_on_cudamalloc_oom", PytorchRelease::v2_13, read_rejection},
    Key{"expandable_segments_reserve", PytorchRelease::v2_15, read_reserve},
    Key{"backend", kOldest, read_backend},
    Key{"expandable_segments_reserve_by_class", PytorchRelease::v2_15, skip_list},
    Key{"release_lock_on_cudamalloc", kOldest, check_boolean},
    Key{"release_lock_on_hipmalloc", kOldest, check_boolean},
    Key{"graph_capture_record_stream_reuse", kOldest, check_boolean},
    Key{"pinned_use_background_threads", kOldest, check_boolean},
    Key{"pinned_use_cuda_host_register", kOldest, check_boolean},
    Key{"pinned_use_hip_host_register", kOldest, check_boolean},
    Key{"pinned_num_register_threads", kOldest, check_register_threads},
    Key{"pinned_reserve_segment_size_mb", kOldest, check_positive},
    Key{"pinned_max_round_threshold_mb", PytorchRelease::v2_13, check_whole_number},
    Key{"pinned_max_cached_size_mb", PytorchRelease::v2_13, check_whole_number},
    Key{"pinned_free_catch_all", PytorchRelease::v2_13, check_boolean},
};

const Key& find_key(std::string_view name, PytorchRelease release) {
  const auto* key = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name == name; });
  if (key == kKeys.end()) throw UsageError(fmt::format("allocator setting '{}' is not known", name));
  if (key->since > release) {
    throw UsageError(fmt::format("allocator setting '{}' is not known to PyTorch {}; it came with {}", name,
                                 release_name(release), release_name(key->since)));
  }
  return *key;
}

/// Limits of other keys depend on the size of large segments, wherever it stands.
void read_large_segment_first(std::string_view text, AllocatorSettings& settings) {
  for (Tokens tokens(text); !tokens.at_end();) {
    if (tokens.take() != "large_segment_size_mb") continue;
    tokens.skip_separator();
    read_large_segment({"large_segment_size_mb", tokens, settings});
  }
}

void read_all(std::string_view text, PytorchRelease release, AllocatorSettings& settings) {
  for (Tokens tokens(text); !tokens.at_end();) {
    const std::string& name = tokens.take();
    const Key& key = find_key(name, release);
    tokens.skip_separator();
    key.read({key.name, tokens, settings});
    if (!tokens.at_end()) tokens.skip_separator();
  }
}

}  // namespace

AllocatorSettings parse_settings(std::string_view text, PytorchRelease release) {
  return reparse_settings({}, text, release);
}

AllocatorSettings reparse_settings(const AllocatorSettings& before, std::string_view text,
                                   PytorchRelease release) {
  AllocatorSettings settings = before;
  settings.text = text;
  settings.warnings.clear();
  read_large_segment_first(text, settings);
  settings.max_split_size = AllocatorSettings::kUnlimited;
  settings.max_non_split_rounding = settings.large_segment_size;
  settings.garbage_collection_threshold = 0;
  settings.roundup_divisions.fill(0);
  read_all(text, release, settings);
  if (settings.expandable_segments && settings.large_segment_size % kSmallSegment != 0) {
    throw UsageError(
        "expandable_segments:True needs an even large_segment_size_mb: no device has 1 MiB pages");
  }
  return settings;
}

}  // namespace memsweep
