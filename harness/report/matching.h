// Which rows of two results files are about the same.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "harness/report/row.h"
#include "harness/report/stage_row.h"

namespace memsweep {

/// Bytes on the simulated cpu are those on the cpu itself.
[[nodiscard]] inline std::string_view comparable_device(std::string_view device) {
  return device == "sim:cpu" ? "cpu" : device;
}

/// What a row is about, but for the batch or the stage.
[[nodiscard]] inline auto subject_of(const Row& row) {
  return std::tuple<const std::string&, const std::string&, const std::string&, const std::string&,
                    const std::string&, std::string_view>(row.scenario, row.variant, row.model, row.precision,
                                                          row.optimizer, comparable_device(row.device));
}
[[nodiscard]] inline auto subject_of(const StageRow& row) {
  return std::tuple<const std::string&, const std::string&, const std::string&, std::string_view>(
      row.scenario, row.subject, row.variant, comparable_device(row.device));
}

[[nodiscard]] inline std::int64_t place_of(const Row& row) { return row.batch; }
[[nodiscard]] inline const std::string& place_of(const StageRow& row) { return row.stage.name; }

/// The first row of the subject of `like`; null if there is none.
template <typename AnyRow>
[[nodiscard]] const AnyRow* find_subject(std::span<const AnyRow> rows, const AnyRow& like) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const AnyRow& row) { return subject_of(row) == subject_of(like); });
  return found == rows.end() ? nullptr : &*found;
}

/// The row of the same subject at the same batch or stage; null if there is none.
template <typename AnyRow>
[[nodiscard]] const AnyRow* find_partner(std::span<const AnyRow> rows, const AnyRow& like) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const AnyRow& row) {
    return place_of(row) == place_of(like) && subject_of(row) == subject_of(like);
  });
  return found == rows.end() ? nullptr : &*found;
}

template <typename AnyRow>
[[nodiscard]] bool have_common_subject(std::span<const AnyRow> base, std::span<const AnyRow> next) {
  return std::any_of(base.begin(), base.end(),
                     [&](const AnyRow& row) { return find_subject(next, row) != nullptr; });
}

/// Calls `visit` with the first row of each subject.
template <typename AnyRow, typename Visit>
void for_each_subject(std::span<const AnyRow> rows, Visit&& visit) {
  for (const AnyRow& row : rows) {
    if (find_subject(rows, row) == &row) visit(row);
  }
}

}  // namespace memsweep
