// The program with the module of the cuda device over the modelled one. Models are tiny: a modelled step
// takes milliseconds.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "harness/report/results_file.h"
#include "tests/cli/program.h"

namespace memsweep::testing {

inline const std::string kRows = "--time-limit 0.001 --csv rows.csv ";
inline const std::string kModel = "--model mlp:8-8x2-4 --optimizer adamw " + kRows;
inline const std::string kGrid = "--scenario checkpointing --recompute none --batches 4 " + kModel;
/// The folder of the module, and of the libraries that it finds while it runs: under AddressSanitizer a
/// loader looks where the environment says only.
inline const std::string kLibraries = std::filesystem::path(MEMSWEEP_CUDA_HOSTED).parent_path().string();

/// The environment of a run on a GPU that `standin` models, with no true library of NVIDIA's; `libraries`: a
/// folder that is looked into before.
inline Words hosted(const std::string& standin, const std::string& libraries = "") {
  return {std::string("MEMSWEEP_CUDA_MODULE=") + MEMSWEEP_CUDA_HOSTED, "MEMSWEEP_STANDIN=" + standin,
          "LD_LIBRARY_PATH=" + (libraries.empty() ? kLibraries : libraries + ":" + kLibraries)};
}

inline Words modelled(const std::string& settings, const std::string& libraries = "") {
  return hosted("memory=256MiB,context=100MiB,compute=" + settings, libraries);
}

inline std::vector<Row> rows_of(const std::string& arguments, const Words& environment = {}) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, arguments, environment);
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.status == 0 ? read_rows(folder / "rows.csv") : std::vector<Row>{};
}

/// A profile like the modelled device's own numbers.
inline std::string profile_of_the_device() {
  return R"({"name": "modelled", "source": "the stand-in", "compute_capability": 90, "multiprocessors": 132,
    "threads_per_multiprocessor": 2048, "memory_bytes": 268435456, "context_bytes": 104857600, "bandwidth": 1e12,
    "f32_rate": 1e13, "tf32_rate": 1e13, "f16_rate": 1e13, "bf16_rate": 1e13, "bandwidth_share": 1,
    "product_share": 1, "link_bandwidth": 1e10, "launch_seconds": 5e-6})";
}

inline std::vector<Row> simulated(const std::string& arguments) {
  const TemporaryFolder folder;
  std::ofstream(folder / "modelled.json") << profile_of_the_device();
  const Finished finished = run(folder, arguments + "--device sim --profile modelled.json");
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.status == 0 ? read_rows(folder / "rows.csv") : std::vector<Row>{};
}

}  // namespace memsweep::testing
