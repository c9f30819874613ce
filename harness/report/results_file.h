// The file of a run: rows are on disk as soon as they are measured, and a run that was interrupted goes on
// where it stopped. Beside results.csv stand results.boundaries.csv and results.settings.json.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/report/boundary_row.h"
#include "harness/report/csv.h"
#include "harness/report/row.h"
#include "harness/report/stage_row.h"

namespace memsweep {

/// The rows of a file: `Row`s of training steps or `StageRow`s of experiments. Throws UsageError with a
/// sentence if it is missing or not such a file.
template <typename AnyRow = Row>
[[nodiscard]] std::vector<AnyRow> read_rows(const std::filesystem::path& csv);

/// Rows as the text that such a file would be, and back. Throws UsageError for another text.
template <typename AnyRow>
[[nodiscard]] std::string rows_text(std::span<const AnyRow> rows);
template <typename AnyRow>
[[nodiscard]] std::vector<AnyRow> parse_rows(std::string_view text);

/// Whether `csv` is a file of `StageRow`s, by its header.
[[nodiscard]] bool holds_experiments(const std::filesystem::path& csv);

/// The boundaries beside `csv`. Throws UsageError with a sentence if they are missing or none.
[[nodiscard]] std::vector<BoundaryRow> read_boundaries(const std::filesystem::path& csv);
/// Replaces them all. Throws UsageError if they cannot be written.
void write_boundaries(const std::filesystem::path& csv, std::span<const BoundaryRow> boundaries);

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

/// Of `Row`s or of `StageRow`s.
template <typename AnyRow>
class ResultsFile {
 public:
  /// `settings` is all that decides what is measured; `environment` where it was. Opens a file of the same
  /// settings to go on with it, makes a new one otherwise. An experiment at the end of which stages are
  /// missing is cut off, and what ended in an error is left out, so that both are run anew. Throws
  /// UsageError, and touches nothing, if the file holds another run or cannot be written.
  ResultsFile(std::filesystem::path csv, const nlohmann::json& settings, const nlohmann::json& environment);

  /// Those measured before first.
  [[nodiscard]] const std::vector<AnyRow>& rows() const { return rows_; }
  /// On disk when it returns. Throws UsageError if it cannot be written.
  const AnyRow& add(AnyRow row);

 private:
  std::filesystem::path csv_;
  std::vector<AnyRow> rows_;
  std::optional<CsvAppender> out_;
};

}  // namespace memsweep
