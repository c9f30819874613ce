// Rows as CSV: flushed as they come, and read back to go on or to compare.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace memsweep {

/// RFC 4180: fields with a comma, a quote or a line break stand in quotes. No line break at the end.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

/// The records of a text, quoted line breaks included; a last record that is not ended by a line break
/// (the writer died in it) is left out. Throws std::invalid_argument on a stray quote.
[[nodiscard]] std::vector<std::vector<std::string>> parse_csv(std::string_view text);

/// A file that grows by whole records. What is there already is kept; half a record at its end, left by a
/// writer that died, is cut off.
class CsvAppender {
 public:
  /// Writes the header if the file is new. Throws UsageError if it cannot be written.
  CsvAppender(const std::filesystem::path& file, const std::vector<std::string>& header);

  /// On disk when it returns. Throws UsageError if it cannot be written.
  void append(const std::vector<std::string>& fields);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace memsweep
