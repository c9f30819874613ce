// Columns of text, aligned.
#pragma once

#include <string>
#include <vector>

namespace memsweep {

using TextRecords = std::vector<std::vector<std::string>>;

/// The first record is the header. The first column stands left, all others right.
[[nodiscard]] std::string format_table(const TextRecords& records);

}  // namespace memsweep
