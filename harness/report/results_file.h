// The file of a run: rows are on disk as soon as they are measured, and a run that was interrupted goes on
// where it stopped. Beside results.csv stand results.boundaries.csv and results.settings.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/report/boundary_row.h"
#include "harness/report/csv.h"
#include "harness/report/row.h"

namespace memsweep {

/// Reads either file. Throws UsageError with a sentence if it is missing or not such a file.
[[nodiscard]] std::vector<Row> read_rows(const std::filesystem::path& csv);
[[nodiscard]] std::vector<BoundaryRow> read_boundaries(const std::filesystem::path& csv);

/// What stands in results.settings.json: all that decides what is measured, and where it was.
struct RunRecord {
  nlohmann::json settings;
  nlohmann::json environment;
};

/// None where there is no such file. Throws UsageError if it is malformed.
[[nodiscard]] std::optional<RunRecord> read_record(const std::filesystem::path& csv);

/// "memory: 512MiB there, 256MiB now" for the first setting that differs; empty if none does.
[[nodiscard]] std::string first_difference(const nlohmann::json& there, const nlohmann::json& now);

/// Removes a results file and what stands beside it; touches nothing else of these names, such as folders.
void remove_results(const std::filesystem::path& csv);

class ResultsFile {
 public:
  /// `settings` is all that decides what is measured; `environment` where it was. Opens a file of the same
  /// settings to go on with it, makes a new one otherwise. Throws UsageError, and touches nothing, if the
  /// file holds another run or cannot be written.
  ResultsFile(std::filesystem::path csv, const nlohmann::json& settings, const nlohmann::json& environment);

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  /// What was measured before: a row that serves any purpose.
  [[nodiscard]] const Row* find(std::string_view scenario, std::string_view variant,
                                std::int64_t batch) const;
  /// On disk when it returns. Throws UsageError if it cannot be written.
  const Row& add(Row row);

  /// Replaces them all. Throws UsageError if they cannot be written.
  void write_boundaries(const std::vector<BoundaryRow>& boundaries) const;

 private:
  std::filesystem::path csv_;
  std::vector<Row> rows_;
  std::optional<CsvAppender> out_;
};

}  // namespace memsweep
