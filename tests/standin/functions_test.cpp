// Every function of CUDA's libraries is there; those that do nothing say so and are counted.
#include <cuda_runtime.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <fstream>
#include <string>
#include <vector>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" int nvrtcGetTileIR();
extern "C" const char* nvrtcGetErrorString(int status);
extern "C" int cuptiSubscribe();
extern "C" int cuptiGetResultString(int status, const char** text);
extern "C" int nvshmemid_hostlib_init_attr();
extern "C" void* nvshmem_malloc(std::size_t bytes);
extern "C" void* nvshmem_ptr(const void* pointer, int rank);
extern "C" void* nvshmemx_mc_ptr(int team, const void* pointer);

namespace memsweep::standin {
namespace {

struct Library {
  const char* folder;
  const char* file;
  const char* version;  // of its symbols; null: they have none
  int unsupported;      // the library's own status for what it does not do
  int failed;           // and for work that is not done, since the device is lost
};

struct Function {
  std::string name;
  bool works;  // and has nothing to do; the others are unsupported
  void* address;

  [[nodiscard]] int call() const { return reinterpret_cast<int (*)()>(address)(); }
};

/// Those of a library's names.txt.
std::vector<Function> functions_of(const Library& library) {
  void* const handle = dlopen(library.file, RTLD_NOW);
  EXPECT_NE(handle, nullptr) << dlerror();
  std::ifstream file(MEMSWEEP_SOURCE_DIR "/harness/standin/" + std::string(library.folder) + "/names.txt");
  std::vector<Function> functions;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    const std::string name = line.substr(0, line.find(' '));
    void* const address = library.version == nullptr ? dlsym(handle, name.c_str())
                                                     : dlvsym(handle, name.c_str(), library.version);
    functions.push_back({name, line.ends_with(" works"), address});
  }
  EXPECT_FALSE(functions.empty());
  return functions;
}

/// Whether it was made of its name alone: what a library defines itself is not weak.
bool is_generated(const Function& function) {
  Dl_info info;
  void* symbol = nullptr;
  EXPECT_NE(dladdr1(function.address, &info, &symbol, RTLD_DL_SYMENT), 0) << function.name;
  return ELF64_ST_BIND(static_cast<const ElfW(Sym)*>(symbol)->st_info) == STB_WEAK;
}

class StandinFunctions : public testing::TestWithParam<Library> {
 protected:
  void SetUp() override { reset("memory=64MiB"); }

  static std::vector<Function> generated() {
    std::vector<Function> functions = functions_of(GetParam());
    std::erase_if(functions, [](const Function& each) { return !is_generated(each); });
    return functions;
  }
};

TEST_P(StandinFunctions, AreAllThere) {
  for (const Function& function : functions_of(GetParam()))
    EXPECT_NE(function.address, nullptr) << function.name;
}

TEST_P(StandinFunctions, ThatHaveNothingToDoSucceedUntilTheDeviceIsLost) {
  const std::vector<Function> functions = generated();
  for (const Function& function : functions) {
    if (!function.works) continue;
    EXPECT_EQ(function.call(), 0) << function.name;
    EXPECT_EQ(calls_of(function.name), 1U);
    set_faults({function.name + ":1:cudaErrorMemoryAllocation"});
    EXPECT_EQ(function.call(), cudaErrorMemoryAllocation) << function.name;
  }
  set_faults({"cudaDeviceSynchronize:1:cudaErrorIllegalAddress"});
  ASSERT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  for (const Function& function : functions) {
    if (function.works) {
      EXPECT_EQ(function.call(), GetParam().failed) << function.name;
    }
  }
  EXPECT_TRUE(model().observations.unsupported.empty());
}

TEST_P(StandinFunctions, ThatDoNotWorkSayTheLibrarysOwnStatusAndAreCounted) {
  const auto& counts = model().observations.unsupported;
  for (const Function& function : generated()) {
    if (function.works) continue;
    EXPECT_EQ(function.call(), GetParam().unsupported) << function.name;
    EXPECT_EQ(function.call(), GetParam().unsupported) << function.name;
    EXPECT_EQ(counts.at(function.name), 2U) << function.name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Libraries, StandinFunctions,
    testing::Values(Library{"cudart", "libcudart.so.12", "libcudart.so.12", 801, 719},
                    Library{"cudart", "libcudart.so.13", "libcudart.so.13", 801, 719},
                    Library{"cuda", "libcuda.so.1", nullptr, 801, 719},
                    Library{"cublas", "libcublas.so.12", "libcublas.so.12", 15, 13},
                    Library{"cublas", "libcublas.so.13", "libcublas.so.13", 15, 13},
                    Library{"cublaslt", "libcublasLt.so.12", "libcublasLt.so.12", 15, 13},
                    Library{"cublaslt", "libcublasLt.so.13", "libcublasLt.so.13", 15, 13},
                    Library{"cudnn", "libcudnn.so.9", "libcudnn.so.9", 3000, 5000},
                    Library{"nccl", "libnccl.so.2", nullptr, 5, 1},
                    Library{"cufft", "libcufft.so.11", "libcufft.so.11", 16, 6},
                    Library{"cufft", "libcufft.so.12", "libcufft.so.12", 16, 6},
                    Library{"cusolver", "libcusolver.so.11", "libcusolver.so.11", 9, 6},
                    Library{"cusolver", "libcusolver.so.12", "libcusolver.so.12", 9, 6},
                    Library{"cusparse", "libcusparse.so.12", "libcusparse.so.12", 10, 6},
                    Library{"cufile", "libcufile.so.0", nullptr, 5007, 5007},
                    Library{"cupti", "libcupti.so.12", "libcupti.so.12", 27, 27},
                    Library{"cupti", "libcupti.so.13", "libcupti.so.13", 27, 27},
                    Library{"curand", "libcurand.so.10", "libcurand.so.10", 203, 203},
                    Library{"cusparselt", "libcusparseLt.so.0", nullptr, 10, 6},
                    Library{"nvrtc", "libnvrtc.so.12", "libnvrtc.so.12", 11, 11},
                    Library{"nvrtc", "libnvrtc.so.13", "libnvrtc.so.13", 11, 11},
                    Library{"nvshmem", "libnvshmem_host.so.3", "NVSHMEM", 3, 3}),
    [](const auto& library) {
      const std::string file = library.param.file;
      return library.param.folder + file.substr(file.rfind('.') + 1);
    });

TEST(StandinUnsupported, LibrariesThatPyTorchHardlyCallsSayThatTheyAreNotInstalled) {
  reset("memory=64MiB");
  EXPECT_NE(std::string(nvrtcGetErrorString(nvrtcGetTileIR())).find("not installed"), std::string::npos);
  const char* text = nullptr;
  EXPECT_EQ(cuptiGetResultString(cuptiSubscribe(), &text), 0);
  EXPECT_NE(std::string(text).find("not installed"), std::string::npos);
  EXPECT_NE(nvshmemid_hostlib_init_attr(), 0);
  EXPECT_EQ(nvshmem_malloc(1), nullptr);
  EXPECT_EQ(nvshmem_ptr(nullptr, 0), nullptr);
  EXPECT_EQ(nvshmemx_mc_ptr(0, nullptr), nullptr);
  EXPECT_EQ(model().observations.unsupported.at("nvshmem_malloc"), 1U);
}

}  // namespace
}  // namespace memsweep::standin
