#include "harness/report/csv.h"

#include <fmt/format.h>

#include <iterator>
#include <stdexcept>
#include <utility>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

std::string escaped(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string text = "\"";
  for (char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

/// Bytes up to and including the last line break that ends a record.
std::size_t whole_records(std::string_view text) {
  bool inside = false;
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') inside = !inside;
    if (text[i] == '\n' && !inside) end = i + 1;
  }
  return end;
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += escaped(fields[i]);
  }
  return line;
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  text = text.substr(0, whole_records(text));
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string field;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        inside = false;
      }
    } else if (c == '"') {
      if (!field.empty())
        throw std::invalid_argument(fmt::format("a stray quote in record {}", records.size() + 1));
      inside = true;
    } else if (c == ',' || c == '\n') {
      record.push_back(std::exchange(field, {}));
      if (c == '\n') records.push_back(std::exchange(record, {}));
    } else if (c != '\r') {
      field += c;
    }
  }
  return records;
}

CsvAppender::CsvAppender(const std::filesystem::path& file, const std::vector<std::string>& header)
    : file_(file) {
  out_.open(file, std::ios::app | std::ios::binary);
  std::ifstream in(file, std::ios::binary);
  if (!out_ || !in) throw UsageError(fmt::format("cannot write to {}", file.string()));
  const std::size_t whole = whole_records(std::string(std::istreambuf_iterator<char>(in), {}));
  std::error_code error;
  std::filesystem::resize_file(file, whole, error);
  if (error) throw UsageError(fmt::format("cannot write to {}: {}", file.string(), error.message()));
  if (whole == 0) append(header);
}

void CsvAppender::append(const std::vector<std::string>& fields) {
  out_ << csv_line(fields) << '\n' << std::flush;
  if (!out_) throw UsageError(fmt::format("cannot write to {}: the disk may be full", file_.string()));
}

}  // namespace memsweep
