// What the cuda device finds beside it, or does not: NVIDIA's management library, and CUDA's libraries in the
// folders of Python packages.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/cli/on_cuda.h"

namespace memsweep::testing {
namespace {

namespace fs = std::filesystem;

/// `libraries`: a folder that is looked into first.
TrialResult trained(const std::string& settings, const std::string& libraries = "") {
  const auto rows = rows_of(kGrid + "--device cuda", modelled("off" + settings, libraries));
  EXPECT_EQ(rows.size(), 1U);
  return rows.empty() ? TrialResult{} : rows[0].result;
}

TEST(Throttling, SamplesAreThrownAwayAndCountedWhileItLasts) {
  const TrialResult cool = trained(""), warm = trained(",throttled=3"), hot = trained(",throttled=on");
  EXPECT_EQ(cool.throttled_samples, 0U);
  EXPECT_EQ(warm.throttled_samples, 3U);
  EXPECT_GE(warm.step_seconds.samples, StopRule{}.min_samples);
  EXPECT_EQ(hot.throttled_samples, StopRule{}.max_samples);
  EXPECT_EQ(hot.step_seconds.samples, 0U);
  EXPECT_TRUE(hot.noisy);
  EXPECT_EQ(hot.outcome, Outcome::ok) << hot.message;
}

TEST(Throttling, IsUnknownWithoutTheManagementLibrary) {
  for (const char* settings :
       {",throttled=on,fail=nvmlInit_v2:every:NVML_ERROR_DRIVER_NOT_LOADED",
        ",throttled=on,fail=nvmlDeviceGetHandleByPciBusId_v2:every:NVML_ERROR_NOT_FOUND"}) {
    const TrialResult result = trained(settings);
    EXPECT_EQ(result.outcome, Outcome::ok) << result.message;
    EXPECT_EQ(result.throttled_samples, 0U) << settings;
    EXPECT_GT(result.step_seconds.samples, 0U);
  }
  const TemporaryFolder folder;
  const fs::path library = folder / "libnvidia-ml.so.1";
  std::ofstream(library) << std::string(1000, '-');
  EXPECT_EQ(trained(",throttled=on", folder.path().string()).throttled_samples, 0U);
  fs::copy_file(MEMSWEEP_MISSING_LIBRARY, library, fs::copy_options::overwrite_existing);
  EXPECT_EQ(trained(",throttled=on", folder.path().string()).throttled_samples, 0U)
      << "it lacks the functions";
}

/// Where the packages of a Python environment and of a list of folders have CUDA's libraries.
TEST(Wheels, HaveTheLibrariesThatNoLoaderFinds) {
  const Words module{std::string("MEMSWEEP_CUDA_MODULE=") + MEMSWEEP_MODULE_WITHOUT_LIBRARY};
  const std::string command = kGrid + "--device cuda";
  for (const char* packages : {"environment/lib/python3.12/site-packages", "listed"}) {
    const TemporaryFolder folder;
    Words environment = module;
    environment.push_back("VIRTUAL_ENV=" + (folder / "environment").string());
    environment.push_back("PYTHONPATH=/nowhere:" + (folder / "listed").string());
    expect_refused(run(folder, command, environment), "needs libmemsweep_missing.so", 3);
    const fs::path libraries = folder / packages / "nvidia/cu13/lib";
    fs::create_directories(libraries);
    const fs::path library = libraries / "libmemsweep_missing.so";
    std::ofstream(library) << std::string(1000, '-');
    expect_refused(run(folder, command, environment), "invalid ELF header", 3);
    fs::copy_file(MEMSWEEP_MISSING_LIBRARY, library, fs::copy_options::overwrite_existing);
    expect_refused(run(folder, command, environment), "is no cuda device of memsweep", 3);
  }
}

}  // namespace
}  // namespace memsweep::testing
