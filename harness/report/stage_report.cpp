#include "harness/report/stage_report.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/quantity.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

using Rows = std::span<const StageRow>;

constexpr std::string_view kNothing = "-";
constexpr std::string_view kMark = "* ", kNoMark = "  ";

std::string nothing() { return std::string(kNothing); }

std::string outcome(const StageRow& row) {
  const Stage& stage = row.stage;
  switch (stage.outcome) {
    case Outcome::ok: return std::string(stage.verdict == Verdict::flushing ? "flushing" : "ok");
    case Outcome::oom: return std::string(name_of(stage.verdict));
    case Outcome::error: return "error";
  }
  return nothing();
}

std::string bytes_or_nothing(std::size_t bytes) { return bytes == 0 ? nothing() : format_bytes(bytes); }

std::string refused(const StageRow& row) { return bytes_or_nothing(row.stage.refused_bytes); }

std::string would_fit(const StageRow& row) {
  return row.stage.largest_fit ? format_bytes(*row.stage.largest_fit) : nothing();
}

template <auto Level>
std::string now(const StageRow& row) {
  return format_bytes(row.stage.now.*Level);
}

template <auto Level>
std::string peak(const StageRow& row) {
  return format_bytes(row.stage.peak.*Level);
}

std::string unused(const StageRow& row) { return format_share(row.stage.unused_at_peak); }

std::string scattered(const StageRow& row) {
  return row.stage.scattered ? format_share(*row.stage.scattered) : nothing();
}

std::string retries(const StageRow& row) {
  return row.stage.alloc_retries == 0 ? nothing() : fmt::format("{}", row.stage.alloc_retries);
}

std::string time(const StageRow& row) {
  return row.stage.seconds.samples == 0 ? nothing() : format_duration(row.stage.seconds.median);
}

struct ReportColumn {
  std::string_view title;
  std::string (*cell)(const StageRow&);
};

// What an experiment of one stage took; what stands when it is over says little.
constexpr std::array kOfOneStage{ReportColumn{"outcome", outcome},
                                 ReportColumn{"refused", refused},
                                 ReportColumn{"would fit", would_fit},
                                 ReportColumn{"peak allocated", peak<&Levels::allocated>},
                                 ReportColumn{"peak reserved", peak<&Levels::reserved>},
                                 ReportColumn{"unused", unused},
                                 ReportColumn{"scattered", scattered},
                                 ReportColumn{"retries", retries},
                                 ReportColumn{"time", time}};

// What each of several stages left behind.
constexpr std::array kOfStages{ReportColumn{"stage", [](const StageRow& row) { return row.stage.name; }},
                               ReportColumn{"outcome", outcome},
                               ReportColumn{"refused", refused},
                               ReportColumn{"would fit", would_fit},
                               ReportColumn{"requested", now<&Levels::requested>},
                               ReportColumn{"allocated", now<&Levels::allocated>},
                               ReportColumn{"reserved", now<&Levels::reserved>},
                               ReportColumn{"device", now<&Levels::device>},
                               ReportColumn{"peak reserved", peak<&Levels::reserved>},
                               ReportColumn{"retries", retries},
                               ReportColumn{"time", time}};

std::vector<ReportColumn> telling_columns(Rows rows) {
  const std::span<const ReportColumn> all =
      rows[0].stages == 1 ? std::span<const ReportColumn>(kOfOneStage) : kOfStages;
  std::vector<ReportColumn> telling;
  for (const ReportColumn& column : all) {
    const auto says_something = [&](const StageRow& row) { return column.cell(row) != kNothing; };
    if (std::any_of(rows.begin(), rows.end(), says_something)) telling.push_back(column);
  }
  return telling;
}

/// What is to be little: reserved bytes, then retries. None where memory ran out.
using Cost = std::optional<std::tuple<std::size_t, std::int64_t>>;

Cost cost_of(const StageRow& row) {
  if (row.stages != 1 || row.stage.outcome != Outcome::ok) return std::nullopt;
  return std::tuple(row.stage.peak.reserved, row.stage.alloc_retries);
}

/// Of a subject's rows; none where all cost the same.
Cost least_cost(Rows rows) {
  Cost least;
  bool differ = false;
  for (const StageRow& row : rows) {
    const Cost cost = cost_of(row);
    differ = differ || cost != cost_of(rows[0]);
    if (cost && (!least || cost < least)) least = cost;
  }
  return differ ? least : std::nullopt;
}

/// The rows at the front that are alike.
template <typename Alike>
Rows take_front(Rows& rows, const Alike& alike) {
  const auto end =
      std::find_if_not(rows.begin(), rows.end(), [&](const StageRow& row) { return alike(row, rows[0]); });
  const auto count = static_cast<std::size_t>(end - rows.begin());
  const Rows front = rows.first(count);
  rows = rows.subspan(count);
  return front;
}

/// A long list of settings, in lines that end behind commas.
std::vector<std::string> lines_of(const std::string& label) {
  constexpr std::size_t kLong = 36;
  if (label.size() <= kLong) return {label};
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < label.size();) {
    const std::size_t end = std::min(label.find(',', begin), label.size() - 1) + 1;
    lines.push_back((begin == 0 ? "" : "    ") + label.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

/// The last line of the label has the cells.
void add_line(const std::string& label, const StageRow& row, std::span<const ReportColumn> columns,
              TableRecords& records) {
  for (const std::string& line : lines_of(label)) records.push_back({line});
  for (const ReportColumn& column : columns) records.back().push_back(column.cell(row));
}

void add_subject(Rows rows, std::span<const ReportColumn> columns, TableRecords& records) {
  records.push_back({rows[0].subject});
  const Cost least = least_cost(rows);
  while (!rows.empty()) {
    const Rows variant =
        take_front(rows, [](const StageRow& a, const StageRow& b) { return a.variant == b.variant; });
    const std::string_view mark = least && cost_of(variant[0]) == least ? kMark : kNoMark;
    for (const StageRow& row : variant) {
      const bool first = &row == &variant[0];
      add_line(first ? fmt::format("{}{}", mark, row.variant) : "", row, columns, records);
    }
  }
}

std::string table_of(Rows rows) {
  const auto columns = telling_columns(rows);
  TableRecords records(1, {""});
  for (const ReportColumn& column : columns) records[0].emplace_back(column.title);
  while (!rows.empty()) {
    const Rows subject =
        take_front(rows, [](const StageRow& a, const StageRow& b) { return a.subject == b.subject; });
    add_subject(subject, columns, records);
  }
  return format_table(records);
}

}  // namespace

std::string stage_report(std::span<const StageRow> rows) {
  std::string text;
  while (!rows.empty()) {
    const Rows alike = take_front(
        rows, [](const StageRow& a, const StageRow& b) { return (a.stages == 1) == (b.stages == 1); });
    text += fmt::format("{}{}", text.empty() ? "" : "\n", table_of(alike));
  }
  if (text.find(fmt::format("\n{}", kMark)) != std::string::npos)
    text += "\n* takes the least of its subject: reserved bytes, then retries.\n";
  return text;
}

}  // namespace memsweep
