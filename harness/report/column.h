// A column of a results file: a kind of row has its columns once, beside its fields.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "harness/report/field.h"
#include "harness/sweep/diagnose.h"
#include "harness/sweep/trial.h"

namespace memsweep {

template <typename Row>
struct Column {
  std::string_view name;
  std::string_view unit;
  std::string_view meaning;
  std::string (*write)(const Row&);
  /// Null for a column that follows from others. Throws std::exception on malformed text.
  void (*read)(Row&, std::string_view);
};

/// All columns of a kind of row, in the order of the CSV file.
template <typename Row>
[[nodiscard]] std::span<const Column<Row>> columns();

// Plain fields as text and back ---------------------------------------------------------------------

inline std::string to_field(const std::string& value) { return value; }
inline std::string to_field(Outcome value) { return std::string(name_of(value)); }
inline std::string to_field(Verdict value) { return std::string(name_of(value)); }
inline std::string to_field(std::integral auto value) { return fmt::format("{}", value); }
/// Seconds to nanoseconds' precision: finer digits are no measurement. Shares need no more.
inline std::string to_field(double value) { return fmt::format("{:.9f}", value); }
template <typename Value>
std::string to_field(const std::optional<Value>& value) {
  return value ? to_field(*value) : "";
}

inline void from_field(std::string_view text, std::string& value) { value = text; }
inline void from_field(std::string_view text, Outcome& value) { value = outcome_of(text); }
inline void from_field(std::string_view text, Verdict& value) { value = verdict_of(text); }
template <typename Number>
requires std::is_arithmetic_v<Number>
void from_field(std::string_view text, Number& value) { value = number_in<Number>(text); }
template <typename Value>
void from_field(std::string_view text, std::optional<Value>& value) {
  value.reset();
  if (!text.empty()) from_field(text, value.emplace());
}

template <auto First, auto... Rest>
struct MemberPath;
template <typename Row, typename Value, Value Row::*First, auto... Rest>
struct MemberPath<First, Rest...> {
  using Owner = Row;
  static auto& in(auto& row) { return ((row.*First).*....*Rest); }
};

/// A column of a plain field, to which a path of members leads from the row.
template <auto... Path>
auto column(std::string_view name, std::string_view unit, std::string_view meaning) {
  using Row = typename MemberPath<Path...>::Owner;
  return Column<Row>{name, unit, meaning,
                     [](const Row& row) { return to_field(MemberPath<Path...>::in(row)); },
                     [](Row& row, std::string_view text) { from_field(text, MemberPath<Path...>::in(row)); }};
}

}  // namespace memsweep
