#include "harness/device/python_wheels.h"

#include <cstdlib>
#include <sstream>
#include <vector>

namespace memsweep {
namespace {

namespace fs = std::filesystem;

/// The parts of a variable of the environment that lists folders; none where it is not set.
std::vector<fs::path> folders_in(const char* variable) {
  std::vector<fs::path> folders;
  const char* text = std::getenv(variable);
  std::istringstream in(text == nullptr ? "" : text);
  for (std::string folder; std::getline(in, folder, ':');) {
    if (!folder.empty()) folders.emplace_back(folder);
  }
  return folders;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  return entries;
}

/// Where interpreters keep their lib folder.
std::vector<fs::path> prefixes() {
  std::vector<fs::path> list;
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    for (const fs::path& folder : folders_in(variable)) list.push_back(folder);
  }
  std::error_code error;
  for (const fs::path& folder : folders_in("PATH")) {
    if (!fs::exists(folder / "python3", error)) continue;
    list.push_back(folder.parent_path());
    break;
  }
  for (const fs::path& home : folders_in("HOME")) list.push_back(home / ".local");
  list.emplace_back("/usr/local");
  list.emplace_back("/usr");
  return list;
}

std::vector<fs::path> package_folders() {
  std::vector<fs::path> folders = folders_in("PYTHONPATH");
  for (const fs::path& prefix : prefixes()) {
    for (const fs::path& entry : entries_of(prefix / "lib")) {
      if (!entry.filename().string().starts_with("python3")) continue;
      folders.push_back(entry / "site-packages");
      folders.push_back(entry / "dist-packages");
    }
  }
  return folders;
}

}  // namespace

std::optional<fs::path> find_in_wheels(const std::string& library) {
  std::error_code error;
  for (const fs::path& packages : package_folders()) {
    for (const fs::path& package : entries_of(packages / "nvidia")) {
      if (fs::path file = package / "lib" / library; fs::exists(file, error)) return file;
    }
  }
  return std::nullopt;
}

}  // namespace memsweep
