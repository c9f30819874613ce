#include "harness/report/results_file.h"

#include <exception>
#include <fstream>
#include <iterator>
#include <span>

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

template <typename Column>
std::vector<std::string> header_of(std::span<const Column> columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.emplace_back(column.name);
  return names;
}

template <typename Column, typename Value>
std::vector<std::string> fields_of(std::span<const Column> columns, const Value& value) {
  std::vector<std::string> fields;
  for (const Column& column : columns) fields.push_back(column.write(value));
  return fields;
}

template <typename Value, typename Column>
std::vector<Value> read_table(const fs::path& file, std::span<const Column> columns) {
  std::string where = file.string();
  try {
    const auto records = parse_csv(read_text(file));
    if (records.empty() || records[0] != header_of(columns)) {
      throw UsageError(
          fmt::format("{} is not a results file of this version: its columns are others", file.string()));
    }
    std::vector<Value> values;
    for (std::size_t line = 1; line < records.size(); ++line) {
      where = fmt::format("{}, record {}", file.string(), line + 1);
      const auto& record = records[line];
      if (record.size() != columns.size()) throw std::invalid_argument("wrong number of fields");
      Value& value = values.emplace_back();
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].read != nullptr) columns[i].read(value, record[i]);
      }
    }
    return values;
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
}

fs::path settings_path(const fs::path& csv) { return fs::path(csv).replace_extension(".settings.json"); }

/// "memory: 512MiB there, 256MiB now" for the first setting that differs.
std::string difference(const nlohmann::json& there, const nlohmann::json& now) {
  for (const auto& [key, value] : now.items()) {
    const auto other = there.find(key);
    if (other == there.end()) return fmt::format("{}: nothing there, {} now", key, value.dump());
    if (*other != value) return fmt::format("{}: {} there, {} now", key, other->dump(), value.dump());
  }
  return "settings that this version does not know";
}

/// Throws unless the file beside `csv` says that it holds a run of these settings.
void expect_same_run(const fs::path& csv, const nlohmann::json& settings) {
  const auto advice = "choose another --csv, or --fresh to overwrite it";
  nlohmann::json there;
  try {
    there = nlohmann::json::parse(read_text(settings_path(csv))).at("settings");
  } catch (const std::exception&) {
    throw UsageError(
        fmt::format("{} is there already and is no run that can go on; {}", csv.string(), advice));
  }
  if (there != settings) {
    throw UsageError(
        fmt::format("{} holds another run ({}); {}", csv.string(), difference(there, settings), advice));
  }
}

/// Not so if the writer died before its first record was whole.
bool has_header(const fs::path& csv) { return !parse_csv(read_text(csv)).empty(); }

/// Makes the folder too.
void write_whole(const fs::path& file, std::string_view text) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) throw UsageError(fmt::format("cannot write to {}", file.string()));
}

}  // namespace

std::vector<Row> read_rows(const fs::path& csv) { return read_table<Row>(csv, columns()); }

std::vector<BoundaryRow> read_boundaries(const fs::path& csv) {
  return read_table<BoundaryRow>(boundaries_path(csv), boundary_columns());
}

void remove_results(const fs::path& csv) {
  for (const fs::path& file : {csv, boundaries_path(csv), settings_path(csv)}) {
    std::error_code error;  // what cannot be removed is refused when it is opened
    if (fs::is_regular_file(file, error)) fs::remove(file, error);
  }
}

ResultsFile::ResultsFile(fs::path csv, const nlohmann::json& settings, const nlohmann::json& environment)
    : csv_(std::move(csv)) {
  std::error_code error;
  if (fs::is_directory(csv_, error)) throw UsageError(fmt::format("{} is a folder", csv_.string()));
  if (fs::exists(csv_, error)) {
    expect_same_run(csv_, settings);
    if (has_header(csv_)) rows_ = read_rows(csv_);
  } else {
    // Before the first row: nobody can go on with rows that have no settings.
    write_whole(settings_path(csv_),
                nlohmann::json{{"settings", settings}, {"environment", environment}}.dump(2) + "\n");
  }
  out_.emplace(csv_, header_of(columns()));
}

const Row* ResultsFile::find(std::string_view scenario, std::string_view variant, std::int64_t batch) const {
  for (const Row& row : rows_) {
    if (row.scenario == scenario && row.variant == variant && row.batch == batch) return &row;
  }
  return nullptr;
}

const Row& ResultsFile::add(Row row) {
  out_->append(fields_of(columns(), row));
  return rows_.emplace_back(std::move(row));
}

void ResultsFile::write_boundaries(const std::vector<BoundaryRow>& boundaries) const {
  std::string text = csv_line(header_of(boundary_columns())) + "\n";
  for (const BoundaryRow& row : boundaries) text += csv_line(fields_of(boundary_columns(), row)) + "\n";
  write_whole(boundaries_path(csv_), text);
}

}  // namespace memsweep
