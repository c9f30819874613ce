#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/memory/settings.h"
#include "harness/memory/size_rules.h"
#include "harness/trace/operation_log.h"

namespace memsweep {
namespace {

using Words = std::vector<std::string_view>;

template <typename... Values>
[[noreturn]] void refuse(fmt::format_string<Values...> sentence, Values&&... values) {
  throw UsageError(fmt::format(sentence, std::forward<Values>(values)...));
}

std::optional<std::uint64_t> hexadecimal(std::string_view word) {
  std::uint64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, value, 16);
  return error == std::errc{} && rest == end ? std::optional(value) : std::nullopt;
}

std::size_t whole_number(std::string_view word) {
  const auto value = parse_number<std::size_t>(word);
  if (!value) refuse("'{:.40}' is no whole number", word);
  return *value;
}

/// What a field holds: w anything, n a whole number, i one that may be negative, h hexadecimal digits.
void require_field(std::string_view word, char kind) {
  if (kind == 'n') whole_number(word);
  if (kind == 'i' && !parse_number<std::int64_t>(word)) refuse("'{:.40}' is no number", word);
  if (kind == 'h' && !hexadecimal(word)) refuse("'{:.40}' is no hexadecimal number", word);
}

/// One letter a field, the first of the line included.
void require_fields(const Words& words, std::string_view kinds) {
  if (words.size() != kinds.size()) refuse("has {} fields where {} belong", words.size(), kinds.size());
  for (std::size_t i = 0; i < words.size(); ++i) require_field(words[i], kinds[i]);
}

/// Which blocks the operations have made so far, and which of them they have not freed.
class Blocks {
 public:
  void add(std::size_t id) {
    if (std::exchange(live_[id], true)) refuse("block {} is live already", id);
  }
  void require_live(std::size_t id) const {
    const auto found = live_.find(id);
    if (found == live_.end()) refuse("block {} was never allocated", id);
    if (!found->second) refuse("block {} was freed before", id);
  }
  void remove(std::size_t id) {
    require_live(id);
    live_[id] = false;
  }

 private:
  std::unordered_map<std::size_t, bool> live_;
};

class LogParser {
 public:
  void read(std::string_view line) {
    log_.lines.emplace_back(line);
    const Words words = words_of(line);
    if (words.empty()) refuse("is empty");
    if (part_ == Part::end) refuse("stands behind '# end'");
    if (words[0] == "#") return read_marker(words);
    if (part_ == Part::header) finish_header();
    part_ == Part::operations ? read_step(words) : read_layout(words);
  }

  OperationLog finish() && {
    if (part_ != Part::end) refuse("ends after line {} without '# end'", line_number());
    return std::move(log_);
  }

 private:
  enum class Part { header, operations, layout, end };

  [[nodiscard]] std::size_t line_number() const { return log_.lines.size(); }
  [[nodiscard]] const std::string& line() const { return log_.lines.back(); }

  // ---- lines that begin with #

  void read_marker(const Words& words) {
    if (words.size() < 2) refuse("names nothing");
    if (words[1] == "segments") return begin_layout(words);
    if (words[1] == "end") return end(words);
    if (part_ != Part::header) refuse("'{:.40}' belongs before the first operation", words[1]);
    if (words[1] == "stream") return read_stream(words);
    if (words[1] == "columns") return read_columns(words);
    const std::size_t value = line().find_first_not_of(' ', line().find(words[1]) + words[1].size());
    header_[std::string(words[1])] = value == std::string::npos ? "" : line().substr(value);
  }

  void begin_layout(const Words& words) {
    if (part_ == Part::header) finish_header();
    if (part_ != Part::operations) refuse("a second layout");
    require_fields(words, "wwn");
    log_.layout_line = line_number();
    part_ = Part::layout;
  }

  void end(const Words& words) {
    require_fields(words, "ww");
    if (part_ != Part::layout) refuse("'# segments' is missing before '# end'");
    part_ = Part::end;
  }

  void read_stream(const Words& words) {
    require_fields(words, "wwnh");
    if (whole_number(words[2]) != log_.streams.size()) refuse("streams are numbered 0, 1, 2 in order");
    if (log_.streams.size() > std::numeric_limits<std::uint16_t>::max()) refuse("more than 65536 streams");
    log_.streams.push_back(*hexadecimal(words[3]));
  }

  void read_columns(const Words& words) {
    constexpr std::array<std::string_view, 6> kFixed{"op", "id", "bytes", "stream", "ok", "addr"};
    for (std::size_t i = 2; i < 2 + kFixed.size(); ++i) {
      if (i >= words.size() || words[i] != kFixed[i - 2]) refuse("the columns do not begin as they must");
    }
    log_.columns.clear();
    for (std::size_t i = 2 + kFixed.size(); i < words.size(); ++i) {
      const auto column = log_column(words[i]);
      if (!column) refuse("'{:.40}' is no statistic", words[i]);
      log_.columns.push_back(*column);
    }
    operation_fields_ = "wnnnnh" + std::string(log_.columns.size(), 'i');
  }

  [[nodiscard]] const std::string& header(std::string_view key) const {
    const auto found = header_.find(key);
    if (found == header_.end()) refuse("the header above lacks '{}'", key);
    return found->second;
  }

  void finish_header() {
    if (const auto compat = header_.find("compat"); compat != header_.end()) {
      log_.release = parse_release(compat->second);
    }
    log_.total_bytes = whole_number(header("total_bytes"));
    if (log_.total_bytes >= kAbsurd) refuse("no device has {} bytes", log_.total_bytes);
    log_.used_before = whole_number(header("used_before"));
    if (log_.used_before > log_.total_bytes) refuse("more bytes are used before than the device has");
    if (const std::string& fraction = header("fraction"); fraction != "-") {
      log_.fraction = parse_number<double>(fraction);
      if (!log_.fraction || !(*log_.fraction >= 0 && *log_.fraction <= 1)) {
        refuse("the fraction '{:.40}' does not lie between 0 and 1", fraction);
      }
    }
    if (header("conf") != "-") log_.settings = header("conf");
    settings_ = parse_settings(log_.settings, log_.release);
    if (log_.streams.empty()) refuse("the header above lacks 'stream'");
    if (operation_fields_.empty()) refuse("the header above lacks 'columns'");
    log_.first_line = line_number();
    part_ = Part::operations;
  }

  // ---- operations and what stands between them

  void read_step(const Words& words) {
    constexpr std::string_view kOperations = "afepqrhcC";
    const char kind = words[0].size() == 1 ? words[0][0] : '?';
    if (kind == 'd') return require_fields(words, "wwhnn");
    if (kind == 's') return change_settings();
    if (kind == 'm') return require_refusal();
    if (kOperations.find(kind) == std::string_view::npos) refuse("'{:.40}' is no operation", words[0]);
    require_fields(words, operation_fields_);
    add_operation(static_cast<LogOp>(kind), words);
  }

  void change_settings() {
    log_.operations.push_back({.op = LogOp::change_settings, .line = line_number()});
    settings_ = reparse_settings(settings_, log_.settings_of(log_.operations.back()), log_.release);
  }

  void require_refusal() const {
    const bool refused = !log_.operations.empty() && !log_.operations.back().succeeded &&
                         log_.operations.back().line + 1 == line_number();
    if (!refused) refuse("a message that no request refused stands before");
  }

  void add_operation(LogOp op, const Words& words) {
    const std::size_t stream = whole_number(words[3]);
    if (stream >= log_.streams.size()) refuse("stream {} is not in the header", stream);
    const std::size_t ok = whole_number(words[4]);
    if (ok > 1 || (ok == 0 && op != LogOp::allocate)) refuse("ok = {} is not possible here", ok);
    const LogOperation operation{.op = op,
                                 .succeeded = ok == 1,
                                 .stream = static_cast<std::uint16_t>(stream),
                                 .id = whole_number(words[1]),
                                 .bytes = whole_number(words[2]),
                                 .line = line_number()};
    if (op == LogOp::allocate && operation.succeeded) {
      if (operation.bytes >= kAbsurd) refuse("no device can serve {} bytes", operation.bytes);
      blocks_.add(operation.id);
    }
    if (op == LogOp::free) blocks_.remove(operation.id);
    if (op == LogOp::record_stream) blocks_.require_live(operation.id);
    if (op == LogOp::hold_events && operation.id > 1) refuse("events are held (1) or not (0)");
    log_.operations.push_back(operation);
  }

  void read_layout(const Words& words) const {
    static const std::map<std::string_view, std::string_view> kFields{
        {"S", "whnhwnnnnn"}, {"B", "whnnw"}, {"T", "wwi"}};
    const auto fields = kFields.find(words[0]);
    if (fields == kFields.end()) refuse("'{:.40}' is no part of the final layout", words[0]);
    require_fields(words, fields->second);
  }

  OperationLog log_;
  Part part_ = Part::header;
  std::map<std::string, std::string, std::less<>> header_;
  std::string operation_fields_;
  AllocatorSettings settings_;  // as they stand
  Blocks blocks_;
};

std::string_view without_blank_end(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

}  // namespace

OperationLog parse_operation_log(std::string_view text) {
  LogParser parser;
  std::size_t number = 0;
  try {
    while (!text.empty()) {
      ++number;
      const std::size_t end = std::min(text.find('\n'), text.size());
      parser.read(without_blank_end(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("line {}: {}", number, error.what()));
  }
  return std::move(parser).finish();
}

}  // namespace memsweep
