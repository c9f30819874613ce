#include "harness/trace/check_operation_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "harness/trace/replayed_log.h"

namespace memsweep {
namespace {

using Words = std::vector<std::string_view>;

/// What a line is called, and its fields from the second on.
struct LineKind {
  std::string_view name;
  Words fields;
};

LineKind message_kind(const Words& line) {
  LineKind kind{"out-of-memory message", {}};
  for (std::size_t i = 1; i < line.size(); ++i) kind.fields.push_back(line[i].substr(0, line[i].find('=')));
  return kind;
}

LineKind operation_kind(const OperationLog& log) {
  LineKind kind{"operation", {"id", "bytes", "stream", "ok", "addr"}};
  for (const LogColumn& column : log.columns) kind.fields.push_back(column.name);
  return kind;
}

LineKind kind_of(const OperationLog& log, const Words& line) {
  switch (line[0][0]) {
    case '#': return {"layout", {"end", "segments"}};
    case 'd': return {"device call", {"name", "addr", "bytes", "count"}};
    case 'm': return message_kind(line);
    case 'S':
      return {"segment",
              {"addr", "total_size", "stream_handle", "pool", "expandable", "allocated", "active",
               "requested", "nblocks"}};
    case 'B': return {"block", {"addr", "size", "requested", "state"}};
    case 'T': return {"memory_stats", {"entry", line[1]}};
    default: return operation_kind(log);
  }
}

std::string lines_around(const OperationLog& log, std::size_t line) {
  constexpr std::size_t kReach = 3;
  constexpr std::size_t kWidth = 100;  // the statistics behind an operation make it far longer
  const std::size_t last = std::min(line + kReach, log.lines.size());
  std::string text;
  for (std::size_t i = line > kReach ? line - kReach : 1; i <= last; ++i) {
    const std::string_view whole = log.line(i);
    text += fmt::format("{} {:>7}  {}{}\n", i == line ? '>' : ' ', i, whole.substr(0, kWidth),
                        whole.size() > kWidth ? "..." : "");
  }
  return text;
}

/// None where all fields agree.
std::optional<LogDifference> difference_at(const OperationLog& log, std::size_t line,
                                           std::string_view replayed_line) {
  const Words recorded = words_of(log.line(line));
  const Words replayed = words_of(replayed_line);
  if (recorded == replayed) return std::nullopt;
  LogDifference difference;
  difference.line = line;
  difference.context = lines_around(log, line);
  if (recorded.size() == replayed.size() && recorded[0] == replayed[0]) {
    const auto field = static_cast<std::size_t>(
        std::mismatch(recorded.begin(), recorded.end(), replayed.begin()).first - recorded.begin());
    const LineKind kind = kind_of(log, recorded);
    difference.what = fmt::format("{} {}", kind.name, kind.fields[field - 1]);
    difference.recorded = recorded[field];
    difference.replayed = replayed[field];
  } else {
    difference.what = kind_of(log, replayed[0] == "d" ? replayed : recorded).name;
    difference.recorded = log.line(line);
    difference.replayed = replayed_line;
  }
  return difference;
}

std::vector<std::string> perform(ReplayedLog& replayed, const LogOperation& operation) {
  try {
    return replayed.perform(operation);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("line {}: {}", operation.line, error.what()));
  }
}

/// Goes through the lines of a log behind its header, up to the first that differs.
class Comparison {
 public:
  explicit Comparison(const OperationLog& log) : log_(log), next_(log.first_line) {}

  [[nodiscard]] bool agrees() const { return !difference_; }
  [[nodiscard]] bool next_is_message() const { return log_.line(next_)[0] == 'm'; }
  [[nodiscard]] std::optional<LogDifference> take() && { return std::move(difference_); }

  void expect(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (difference_) return;
      if (line != log_.line(next_)) difference_ = difference_at(log_, next_, line);
      ++next_;
    }
  }

 private:
  const OperationLog& log_;
  std::size_t next_;
  std::optional<LogDifference> difference_;
};

}  // namespace

LogCheck check_operation_log(const OperationLog& log, const LogObserver& observer, SegmentSource* real) {
  ReplayedLog replayed(log, real);
  Comparison comparison(log);
  LogCheck check;
  for (const LogOperation& operation : log.operations) {
    comparison.expect(perform(replayed, operation));
    if (comparison.agrees() && comparison.next_is_message()) comparison.expect({replayed.message()});
    if (operation.op != LogOp::change_settings) ++check.operations;
    if (!comparison.agrees()) break;
    if (observer) observer(replayed.allocator());
  }
  if (comparison.agrees()) comparison.expect(replayed.final_lines());
  check.difference = std::move(comparison).take();
  return check;
}

}  // namespace memsweep
