// JSON as tests read it. It is compiled once (json.cpp), since it takes seconds in every file that parses.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;

namespace memsweep::testing {

/// Throws nlohmann::json::parse_error.
[[nodiscard]] nlohmann::json parse_json(const std::string& text);

/// The document in a file. Throws std::runtime_error where it cannot be read.
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& file);

/// The documents in a file, one a line; empty lines count as none. Of a file that is not there: none.
[[nodiscard]] std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& file);

}  // namespace memsweep::testing
