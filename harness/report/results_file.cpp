#include "harness/report/results_file.h"

#include <exception>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  if (!in || fs::is_directory(file, error)) throw UsageError(fmt::format("cannot read {}", file.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

template <typename AnyRow>
std::vector<std::string> header() {
  std::vector<std::string> names;
  for (const auto& column : columns<AnyRow>()) names.emplace_back(column.name);
  return names;
}

template <typename AnyRow>
std::vector<std::string> fields_of(const AnyRow& row) {
  std::vector<std::string> fields;
  for (const auto& column : columns<AnyRow>()) fields.push_back(column.write(row));
  return fields;
}

template <typename AnyRow>
std::vector<AnyRow> read_table(const std::string& name, std::string_view text) {
  std::string where = name;
  try {
    const auto records = parse_csv(text);
    if (records.empty() || records[0] != header<AnyRow>())
      throw UsageError(fmt::format("{} is not a results file of this version: its columns are others", name));
    std::vector<AnyRow> rows;
    for (std::size_t line = 1; line < records.size(); ++line) {
      where = fmt::format("{}, record {}", name, line + 1);
      const auto& record = records[line];
      if (record.size() != records[0].size()) throw std::invalid_argument("wrong number of fields");
      AnyRow& row = rows.emplace_back();
      for (std::size_t i = 0; i < record.size(); ++i) {
        if (const auto& column = columns<AnyRow>()[i]; column.read != nullptr) column.read(row, record[i]);
      }
    }
    return rows;
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
}

fs::path settings_path(const fs::path& csv) { return fs::path(csv).replace_extension(".settings.json"); }

constexpr std::string_view kAdvice = "choose another --csv, or --fresh to overwrite it";

/// None where it is malformed, too.
std::optional<RunRecord> readable_record(const fs::path& csv) {
  try {
    return read_record(csv);
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

/// Throws unless the file beside `csv` says that it holds a run of these settings.
void expect_same_run(const fs::path& csv, const nlohmann::json& settings) {
  const auto there = readable_record(csv);
  if (!there) {
    throw UsageError(
        fmt::format("{} is there already and is no run that can go on; {}", csv.string(), kAdvice));
  }
  const std::string difference = first_difference(there->settings, settings);
  if (!difference.empty())
    throw UsageError(fmt::format("{} holds another run ({}); {}", csv.string(), difference, kAdvice));
}

/// Throws if what another run wrote stands where a new file's own will. Settings alike are those of a run
/// that died before it had a file.
void expect_nothing_foreign(const fs::path& csv, const nlohmann::json& settings) {
  std::error_code error;
  const auto refuse = [&](const fs::path& file) {
    throw UsageError(
        fmt::format("{} is there already, without {}; {}", file.string(), csv.string(), kAdvice));
  };
  if (fs::exists(boundaries_path(csv), error)) refuse(boundaries_path(csv));
  if (!fs::exists(settings_path(csv), error)) return;
  const auto there = readable_record(csv);
  if (!there || !first_difference(there->settings, settings).empty()) refuse(settings_path(csv));
}

/// Not so if the writer died before its first record was whole.
bool has_header(const fs::path& csv) { return read_text(csv).find('\n') != std::string::npos; }

/// Makes the folder too. The file is there whole or, if the writer dies, as it was before.
void write_whole(const fs::path& file, std::string_view text) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  const fs::path part = file.string() + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (out) {
    fs::rename(part, file, error);
    if (!error) return;
  }
  fs::remove(part, error);
  throw UsageError(fmt::format("cannot write to {}", file.string()));
}

/// Leaves the rows that nobody has to measure again.
void keep_finished(std::vector<Row>& rows) {
  std::erase_if(rows, [](const Row& row) { return row.result.outcome == Outcome::error; });
}
void keep_finished(std::vector<StageRow>& rows) {
  rows.resize(whole_experiments(rows));
  std::set<std::pair<std::string, std::string>> broken;
  for (const StageRow& row : rows) {
    if (row.stage.outcome == Outcome::error) broken.emplace(row.subject, row.variant);
  }
  std::erase_if(rows, [&](const StageRow& row) { return broken.contains({row.subject, row.variant}); });
}

}  // namespace

template <typename AnyRow>
std::vector<AnyRow> read_rows(const fs::path& csv) {
  return read_table<AnyRow>(csv.string(), read_text(csv));
}
template std::vector<Row> read_rows<Row>(const fs::path&);
template std::vector<StageRow> read_rows<StageRow>(const fs::path&);

template <typename AnyRow>
std::string rows_text(std::span<const AnyRow> rows) {
  std::string text = csv_line(header<AnyRow>()) + "\n";
  for (const AnyRow& row : rows) text += csv_line(fields_of(row)) + "\n";
  return text;
}
template std::string rows_text<Row>(std::span<const Row>);
template std::string rows_text<StageRow>(std::span<const StageRow>);

template <typename AnyRow>
std::vector<AnyRow> parse_rows(std::string_view text) {
  return read_table<AnyRow>("what a trial sent", text);
}
template std::vector<Row> parse_rows<Row>(std::string_view);
template std::vector<StageRow> parse_rows<StageRow>(std::string_view);

bool holds_experiments(const fs::path& csv) {
  std::ifstream in(csv, std::ios::binary);
  std::string line;
  return std::getline(in, line) && line == csv_line(header<StageRow>());
}

std::vector<BoundaryRow> read_boundaries(const fs::path& csv) {
  return read_table<BoundaryRow>(boundaries_path(csv).string(), read_text(boundaries_path(csv)));
}

void write_boundaries(const fs::path& csv, std::span<const BoundaryRow> boundaries) {
  write_whole(boundaries_path(csv), rows_text(boundaries));
}

std::optional<RunRecord> read_record(const fs::path& csv) {
  const fs::path file = settings_path(csv);
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  try {
    const auto record = nlohmann::json::parse(read_text(file));
    return RunRecord{.settings = record.at("settings"), .environment = record.at("environment")};
  } catch (const nlohmann::json::exception&) {
    throw UsageError(fmt::format("{} is not the settings file of a run", file.string()));
  }
}

std::string first_difference(const nlohmann::json& there, const nlohmann::json& now) {
  for (const auto& [key, value] : now.items()) {
    const auto other = there.find(key);
    if (other == there.end()) return fmt::format("{}: nothing there, {} now", key, value.dump());
    if (*other != value) return fmt::format("{}: {} there, {} now", key, other->dump(), value.dump());
  }
  for (const auto& [key, value] : there.items()) {
    if (!now.contains(key)) return fmt::format("{}: {} there, nothing now", key, value.dump());
  }
  return {};
}

void remove_results(const fs::path& csv) {
  for (const fs::path& file : {csv, boundaries_path(csv), settings_path(csv)}) {
    std::error_code error;  // what cannot be removed is refused when it is opened
    if (fs::is_regular_file(file, error)) fs::remove(file, error);
  }
}

template <typename AnyRow>
ResultsFile<AnyRow>::ResultsFile(fs::path csv, const nlohmann::json& settings,
                                 const nlohmann::json& environment)
    : csv_(std::move(csv)) {
  std::error_code error;
  if (fs::is_directory(csv_, error)) throw UsageError(fmt::format("{} is a folder", csv_.string()));
  if (fs::exists(csv_, error)) {
    expect_same_run(csv_, settings);
    if (has_header(csv_)) rows_ = read_rows<AnyRow>(csv_);
  } else {
    expect_nothing_foreign(csv_, settings);
    // Before the first row: nobody can go on with rows that have no settings.
    write_whole(settings_path(csv_),
                nlohmann::json{{"settings", settings}, {"environment", environment}}.dump(2) + "\n");
  }
  const std::size_t found = rows_.size();
  keep_finished(rows_);
  if (rows_.size() < found) write_whole(csv_, rows_text(std::span<const AnyRow>(rows_)));
  out_.emplace(csv_, header<AnyRow>());
}

template <typename AnyRow>
const AnyRow& ResultsFile<AnyRow>::add(AnyRow row) {
  out_->append(fields_of(row));
  return rows_.emplace_back(std::move(row));
}

template class ResultsFile<Row>;
template class ResultsFile<StageRow>;

}  // namespace memsweep
