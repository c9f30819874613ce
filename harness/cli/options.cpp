#include "harness/cli/options.h"

#include <set>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/sweep/predict.h"

namespace memsweep {
namespace {

constexpr std::size_t kMostBatches = 10'000;

[[noreturn]] void malformed(std::string_view text) {
  throw UsageError(
      fmt::format("'{}' is no list of batches; write 64,128,256 or 64:4096:x2 or 64:1024:+64, "
                  "each from 1 to {}",
                  text, kLargestBatch));
}

std::int64_t positive(std::string_view number, std::string_view all) {
  const auto value = parse_number<std::int64_t>(number);
  if (!value || *value < 1 || *value > kLargestBatch) malformed(all);
  return *value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// from:to:xFACTOR or from:to:+STEP
std::vector<std::int64_t> range(std::string_view text, std::string_view all) {
  const auto parts = split(text, ':');
  if (parts.size() != 3 || parts[2].size() < 2) malformed(all);
  const std::int64_t first = positive(parts[0], all), last = positive(parts[1], all);
  const std::int64_t amount = positive(parts[2].substr(1), all);
  const bool multiplied = parts[2][0] == 'x';
  if ((!multiplied && parts[2][0] != '+') || (multiplied && amount < 2) || first > last) malformed(all);
  std::vector<std::int64_t> values;
  for (std::int64_t value = first; value <= last && values.size() <= kMostBatches;
       value = multiplied ? value * amount : value + amount) {
    values.push_back(value);
  }
  return values;
}

/// Each value once, where it stands first.
template <typename Value>
std::vector<Value> without_repetitions(const std::vector<Value>& values) {
  std::vector<Value> kept;
  std::set<Value> seen;
  for (const Value& value : values) {
    if (seen.insert(value).second) kept.push_back(value);
  }
  return kept;
}

}  // namespace

std::vector<std::string> parse_names(const std::string& text) {
  const auto parts = split(text, ',');
  return without_repetitions(std::vector<std::string>(parts.begin(), parts.end()));
}

std::vector<std::int64_t> parse_batches(const std::string& text) {
  std::vector<std::int64_t> batches;
  for (std::string_view part : split(text, ',')) {
    if (part.find(':') == std::string_view::npos) {
      batches.push_back(positive(part, text));
    } else {
      const auto values = range(part, text);
      batches.insert(batches.end(), values.begin(), values.end());
    }
    if (batches.size() > kMostBatches) {
      throw UsageError(fmt::format("'{}' names more than {} batches", text, kMostBatches));
    }
  }
  return without_repetitions(batches);
}

double parse_probability(const std::string& text) {
  const auto value = parse_number<double>(text);
  if (value && *value >= 0 && *value < 1) return *value;
  throw UsageError(fmt::format("'{}' is no probability; write a number from 0 up to, but not, 1", text));
}

TrialOptions trial_options_of(const RunOptions& options) {
  TrialOptions trial;
  trial.release = parse_release(options.pytorch);
  trial.settings = parse_settings(options.alloc_conf, trial.release);
  trial.least_steps = options.steps;
  trial.timing = StopRule{.seconds = options.time_limit};
  return trial;
}

}  // namespace memsweep
