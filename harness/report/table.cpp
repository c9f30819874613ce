#include "harness/report/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace memsweep {
namespace {

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& records) {
  std::vector<std::size_t> widths;
  for (const auto& record : records) {
    widths.resize(std::max(widths.size(), record.size()));
    for (std::size_t i = 0; i < record.size(); ++i) widths[i] = std::max(widths[i], record[i].size());
  }
  std::string text;
  for (std::size_t r = 0; r < records.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < records[r].size(); ++i) {
      line += i == 0 ? fmt::format("{:<{}}", records[r][i], widths[i])
                     : fmt::format("  {:>{}}", records[r][i], widths[i]);
    }
    text += trimmed(std::move(line)) + "\n";
    if (r != 0) continue;
    std::size_t total = 0;
    for (std::size_t width : widths) total += width + 2;
    text += std::string(total - 2, '-') + "\n";
  }
  return text;
}

}  // namespace memsweep
