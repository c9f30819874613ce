// What experiments found, for people.
#pragma once

#include <span>
#include <string>

#include "harness/report/stage_row.h"

namespace memsweep {

/// A table: the subjects one below the other, a line for each variant of theirs or, where it has several, for
/// each of its stages. A subject's variants of one stage that take the least are marked. Columns in which
/// nothing would stand are left out.
[[nodiscard]] std::string stage_report(std::span<const StageRow> rows);

}  // namespace memsweep
