#include "harness/memory/explain_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/memory/setting_conflicts.h"
#include "harness/memory/setting_effects.h"
#include "harness/memory/settings_keys.h"

namespace memsweep {
namespace {

/// What people write for a comma; PyTorch takes it for a part of the word before it.
constexpr std::string_view kSeparators = ",:[];";

bool is_separator(std::string_view token) {
  return token.size() == 1 && kSeparators.find(token) != std::string_view::npos;
}

std::string joined(std::span<const std::string> tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

/// What is odd about a number that PyTorch accepts: it reads the longest prefix that is one.
void check_number(const std::string& word, SettingValue kind, std::vector<std::string>& warnings) {
  std::size_t length = 0;
  if (kind == SettingValue::real) {
    const double number = std::stod(word, &length);
    if (length < word.size()) warnings.push_back(fmt::format("'{}' is read as {:g}", word, number));
    return;
  }
  const std::size_t number = std::stoull(word, &length);
  if (length < word.size() || word.starts_with('-'))
    warnings.push_back(fmt::format("'{}' is read as {}", word, number));
  constexpr std::size_t kMostMegabytes = AllocatorSettings::kUnlimited / 1_MiB;
  if (kind == SettingValue::megabytes && number > kMostMegabytes)
    warnings.push_back(fmt::format("{} MB are cut to {}", number, kMostMegabytes));
}

/// Reads as parse_settings() does, and goes on where that stops.
class Reader {
 public:
  Reader(std::string_view text, PytorchRelease release) : tokens_(text, kSeparators), release_(release) {
    try {
      read_large_segment_first(text, settings_);
    } catch (const UsageError&) {
      settings_.large_segment_size = kLargeSegment;  // its own entry will say it
    }
    settings_.max_non_split_rounding = settings_.large_segment_size;
  }

  std::vector<SettingExplanation> read() && {
    while (!tokens_.at_end()) {
      entries_.emplace_back();
      read_entry();
      if (!tokens_.at_end()) read_end();
    }
    check_pages();
    for (SettingExplanation& entry : entries_) {
      if (entry.error.empty()) entry.effect = effect_of(*known_setting(entry.key), settings_);
    }
    warn_of_conflicts(entries_, settings_, release_);
    return std::move(entries_);
  }

 private:
  SettingExplanation& entry() { return entries_.back(); }

  void read_entry() {
    entry().key = tokens_.take();
    if (is_separator(entry().key)) {
      entry().error = fmt::format("'{}' stands where a key belongs", entry().key);
      if (entry().key == "[") skip_past_bracket();
      return;
    }
    if (const auto equals = entry().key.find('='); equals != std::string::npos) return read_equation(equals);
    try {
      key_ = &find_setting(entry().key, release_);
    } catch (const UsageError& refused) {
      entry().error = refused.what();
      key_ = nullptr;
    }
    if (read_colon()) read_value();
  }

  void read_equation(std::size_t equals) {
    const std::string word = std::exchange(entry().key, entry().key.substr(0, equals));
    entry().value = word.substr(equals + 1);
    if (tokens_.next_is("[")) entry().value += skip_value();
    entry().error =
        fmt::format("PyTorch takes '{}' for one unknown key; write {}:{}", word, entry().key, entry().value);
    key_ = nullptr;
  }

  /// Whether a value follows.
  bool read_colon() {
    const std::string separator = tokens_.at_end() ? "," : tokens_.take();
    const bool ends = separator == "," || separator == ";";
    if (tokens_.at_end() || (ends && known_setting(tokens_.all()[tokens_.position()]) != nullptr)) {
      if (ends) tokens_.go_to(tokens_.position() - (tokens_.at_end() ? 0 : 1));
      if (entry().error.empty()) entry().error = fmt::format("{} has no value", entry().key);
      return false;
    }
    if (separator == ";") {
      entry().error = "';' is no separator; write ':' between key and value";
    } else if (separator != ":") {
      entry().warnings.push_back(
          fmt::format("'{}' stands where ':' belongs, which PyTorch overlooks", separator));
    }
    return true;
  }

  void read_value() {
    const std::size_t begin = tokens_.position();
    const std::size_t warned = settings_.warnings.size();
    try {
      if (key_ == nullptr) {
        skip_value();
      } else {
        key_->read({key_->name, tokens_, settings_});
      }
    } catch (const UsageError& refused) {
      entry().error = refused.what();
      tokens_.go_to(begin);
      skip_value();
    }
    const auto words = tokens_.all().subspan(begin, tokens_.position() - begin);
    entry().value = joined(words);
    if (!entry().error.empty()) return suggest_capital();
    for (std::size_t i = warned; i < settings_.warnings.size(); ++i)
      entry().warnings.push_back(settings_.warnings[i]);
    if (key_->value == SettingValue::word) return;
    for (const std::string& word : words) {
      if (!is_separator(word) && word != ">") check_number(word, key_->value, entry().warnings);
    }
  }

  /// The one refusal that no entry alone is the reason of.
  void check_pages() {
    try {
      require_whole_pages(settings_);
    } catch (const UsageError& refused) {
      const auto entry = std::find_if(entries_.rbegin(), entries_.rend(), [](const SettingExplanation& e) {
        return e.key == "expandable_segments" && e.error.empty();
      });
      if (entry != entries_.rend()) entry->error = refused.what();
    }
  }

  void suggest_capital() {
    if (key_ == nullptr) return;
    if (entry().value == "true") entry().error += "; write True";
    if (entry().value == "false") entry().error += "; write False";
  }

  std::string skip_value() {
    const std::size_t begin = tokens_.position();
    if (tokens_.next_is("[")) {
      skip_past_bracket();
    } else if (!tokens_.at_end()) {
      tokens_.take();
    }
    return joined(tokens_.all().subspan(begin, tokens_.position() - begin));
  }

  void skip_past_bracket() {
    while (!tokens_.at_end() && tokens_.take() != "]") {
    }
  }

  /// What stands between two entries.
  void read_end() {
    const std::string separator = tokens_.take();
    if (separator == ",") return;
    if (!is_separator(separator) && !tokens_.at_end()) {
      if (entry().error.empty()) entry().error = fmt::format("',' is missing before '{}'", separator);
      tokens_.go_to(tokens_.position() - 1);
    } else if (separator == ";") {
      read_semicolon();
    } else if (entry().error.empty()) {
      entry().warnings.push_back(
          fmt::format("'{}' stands where ',' belongs, which PyTorch overlooks", separator));
    }
  }

  /// PyTorch takes it, and what follows, for a part of the value; numbers and lists end before it.
  void read_semicolon() {
    if (!entry().error.empty()) return;
    const bool ends_before = key_->value != SettingValue::word || entry().value.ends_with(']');
    if (ends_before && tokens_.at_end()) {
      entry().warnings.push_back("';' at the end is overlooked");
    } else {
      entry().error = "';' does not end a setting; write ','";
    }
  }

  SettingTokens tokens_;
  PytorchRelease release_;
  AllocatorSettings settings_;
  const SettingKey* key_ = nullptr;  // of the entry that is read; null if unknown
  std::vector<SettingExplanation> entries_;
};

}  // namespace

std::vector<SettingExplanation> explain_settings(std::string_view text, PytorchRelease release) {
  return Reader(text, release).read();
}

}  // namespace memsweep
