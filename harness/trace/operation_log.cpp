#include "harness/trace/operation_log.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

constexpr std::string_view kBlanks = " \t\r";

struct CloseGzip {
  void operator()(gzFile file) const noexcept { gzclose_r(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, CloseGzip>;

GzipFile open_gzip(const std::filesystem::path& file) { return GzipFile(gzopen(file.c_str(), "rb")); }

/// Plain files come through unchanged.
std::string read_gzip(const std::filesystem::path& file) {
  const GzipFile gzip = open_gzip(file);
  if (gzip == nullptr) throw UsageError(fmt::format("cannot open {}", file.string()));
  std::string text;
  std::vector<char> buffer(1 << 16);
  int count = 0;
  while ((count = gzread(gzip.get(), buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) throw UsageError(fmt::format("cannot read {}", file.string()));
  return text;
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (auto begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::string_view OperationLog::settings_of(const LogOperation& operation) const {
  const std::string_view text = line(operation.line);
  return text.substr(std::min(text.size(), std::string_view("s ").size()));
}

OperationLog read_operation_log(const std::filesystem::path& file) {
  const std::string text = read_gzip(file);
  try {
    return parse_operation_log(text);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

bool is_operation_log(const std::filesystem::path& file) {
  constexpr std::string_view kBegin = "# ";
  const GzipFile gzip = open_gzip(file);
  std::string begin(kBegin.size(), '\0');
  return gzip != nullptr &&
         gzread(gzip.get(), begin.data(), static_cast<unsigned>(begin.size())) ==
             static_cast<int>(begin.size()) &&
         begin == kBegin;
}

}  // namespace memsweep
