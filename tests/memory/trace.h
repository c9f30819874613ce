// Reads the traces of tests/golden/allocator; the format stands in the README there.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/streams.h"

namespace memsweep::testing {

struct Trace {
  std::map<std::string, std::string> header;  // all but streams and columns
  std::vector<Stream> streams;                // handles by index
  std::vector<std::string> columns;           // of an operation line
  std::vector<std::string> lines;             // all lines of the file
};

inline std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

inline std::string read_gzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::string text;
  std::vector<char> buffer(1 << 16);
  int count = 0;
  while ((count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  gzclose(file);
  if (count < 0) throw std::runtime_error("cannot read " + path.string());
  return text;
}

inline Trace read_trace(const std::filesystem::path& path) {
  Trace trace;
  std::istringstream text(read_gzip(path));
  for (std::string line; std::getline(text, line);) {
    trace.lines.push_back(line);
    if (line.rfind("# ", 0) != 0) continue;
    const std::vector<std::string> fields = words(line);
    if (fields[1] == "stream") {
      trace.streams.push_back(std::stoull(fields.at(3), nullptr, 16));
    } else if (fields[1] == "columns") {
      trace.columns.assign(fields.begin() + 2, fields.end());
    } else {
      trace.header[fields[1]] = line.substr(std::min(line.size(), 3 + fields[1].size()));
    }
  }
  return trace;
}

inline std::vector<std::filesystem::path> trace_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().string().ends_with(".trace.gz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace memsweep::testing
