// Columns of text, aligned.
#pragma once

#include <string>
#include <vector>

namespace memsweep {

/// The first record is the header. The first column stands left, all others right.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& records);

}  // namespace memsweep
