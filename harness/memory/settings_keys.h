// The grammar of allocator settings: how PyTorch cuts the text up, and what each key may hold. Behind
// settings.h and explain_settings.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/settings.h"

namespace memsweep {

/// The text as PyTorch cuts it up: separators stand alone, blanks vanish, all else is glued.
class SettingTokens {
 public:
  static constexpr std::string_view kSeparators = ",:[]";

  explicit SettingTokens(std::string_view text, std::string_view separators = kSeparators);

  [[nodiscard]] bool at_end() const { return next_ >= tokens_.size(); }
  [[nodiscard]] bool next_is(std::string_view token) const { return !at_end() && tokens_[next_] == token; }

  /// Throws UsageError at the end.
  const std::string& take();

  /// PyTorch 2.11 to 2.15 do not look which separator it is.
  void skip_separator() { take(); }

  [[nodiscard]] std::size_t position() const { return next_; }
  void go_to(std::size_t position) { next_ = position; }
  [[nodiscard]] std::span<const std::string> all() const { return tokens_; }

 private:
  std::vector<std::string> tokens_;
  std::size_t next_ = 0;
};

enum class SettingValue : std::uint8_t { megabytes, whole, real, divisions, word };

enum class SettingScope : std::uint8_t {
  native,     // works in the native backend only
  device,     // device memory, whatever the backend
  host,       // host memory only
  no_effect,  // locks, graph capture, and classes of streams that nothing here has
};

struct SettingContext {
  std::string_view key;
  SettingTokens& tokens;
  AllocatorSettings& settings;
};

struct SettingKey {
  std::string_view name;
  PytorchRelease since;
  SettingValue value;
  SettingScope scope;
  /// Takes the value from the tokens into the settings. Throws UsageError for what PyTorch refuses.
  void (*read)(const SettingContext&);
};

/// A key of any release; null if there is none of that name.
[[nodiscard]] const SettingKey* known_setting(std::string_view name) noexcept;

/// Throws UsageError for a name that the release does not know.
[[nodiscard]] const SettingKey& find_setting(std::string_view name, PytorchRelease release);

/// Reads `large_segment_size_mb`, on which limits of other keys depend, wherever it stands. Throws
/// UsageError.
void read_large_segment_first(std::string_view text, AllocatorSettings& settings);

/// Throws UsageError for expandable segments whose pages no device has.
void require_whole_pages(const AllocatorSettings& settings);

}  // namespace memsweep
