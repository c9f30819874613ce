// What is said of a loss, above all of one that is no number any more.
#pragma once

#include <string>

#include "harness/report/row.h"

namespace memsweep {

/// Nine digits, which read back to the same float; "inf", "-inf" or "nan".
[[nodiscard]] std::string loss_text(float loss);

/// "Warning: …" with its line's end where the loss of a trial is infinite or NaN; else empty.
[[nodiscard]] std::string loss_warning(const Row& row);

}  // namespace memsweep
