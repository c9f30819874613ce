#include "tests/json.h"

#include <fstream>
#include <stdexcept>

template class nlohmann::basic_json<>;

namespace memsweep::testing {

nlohmann::json parse_json(const std::string& text) { return nlohmann::json::parse(text); }

nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("there is no file " + file.string());
  return nlohmann::json::parse(in);
}

std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<nlohmann::json> documents;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) documents.push_back(nlohmann::json::parse(line));
  }
  return documents;
}

}  // namespace memsweep::testing
