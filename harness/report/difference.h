// How a difference in one quantity is judged, and said.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/report/changes.h"
#include "harness/report/column.h"
#include "harness/report/field.h"
#include "harness/sweep/timing.h"

namespace memsweep {

[[nodiscard]] bool is_one_of(std::span<const std::string_view> names, std::string_view name);

/// Less is better, and the two differ.
template <typename Number>
[[nodiscard]] Judgement less_is_better(const Number& base, const Number& next) {
  return next > base ? Judgement::worse : Judgement::better;
}

/// "+4MiB"
[[nodiscard]] std::string signed_bytes(std::size_t base, std::size_t next);

[[nodiscard]] Change byte_change(Judgement judgement, std::string what, std::size_t base, std::size_t next,
                                 std::string because = {});
[[nodiscard]] Change count_change(Judgement judgement, std::string what, std::int64_t base,
                                  std::int64_t next);

/// Adds a change for neither better nor worse where a column of two rows differs.
template <typename AnyRow>
void expect_equal(const Column<AnyRow>& column, const std::string& name, const AnyRow& base,
                  const AnyRow& next, std::vector<Change>& changes) {
  const std::string b = column.write(base), n = column.write(next);
  if (b == n) return;
  std::string what = fmt::format("{}: {}", name, column.name);
  const bool bytes = column.unit == "bytes" && !b.empty() && !n.empty();
  changes.push_back(bytes ? byte_change(Judgement::changed, std::move(what), number_in<std::size_t>(b),
                                        number_in<std::size_t>(n))
                          : Change{Judgement::changed, std::move(what), b, n});
}

/// How two times were taken.
struct Clock {
  bool modelled = false;  // both by a profile, and without noise
  bool noisy = false;     // one of them is not known well enough to be judged
};

/// Less is better, where the times are sharp enough to tell. None where they are the same, or `base` has
/// none.
[[nodiscard]] std::optional<Change> time_change(std::string what, const Spread& base, const Spread& next,
                                                const Clock& clock);

}  // namespace memsweep
