// CUDA's libraries as they come with Python: in the folders of the packages nvidia-cuda-runtime,
// nvidia-cublas and so on, where no loader looks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace memsweep {

/// The file of that name in nvidia/*/lib of the first folder of Python packages that has it: those of
/// PYTHONPATH, of the active environment, of the python3 in PATH, of the user and of the system.
[[nodiscard]] std::optional<std::filesystem::path> find_in_wheels(const std::string& library);

}  // namespace memsweep
