// Every function of CUDA's libraries is there; those that do nothing say so and are counted.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" int cudaGraphDebugDotPrint();
extern "C" int cublasXtCreate();
extern "C" int cublasSgemm_v2();
extern "C" int cusolverRfCreate();
extern "C" int nvrtcGetTileIR();
extern "C" const char* nvrtcGetErrorString(int status);
extern "C" int cuptiSubscribe();
extern "C" int cuptiGetResultString(int status, const char** text);
extern "C" int nvshmemid_hostlib_init_attr();
extern "C" void* nvshmem_malloc(std::size_t bytes);

namespace memsweep::standin {
namespace {

std::vector<std::string> names_of(const std::string& folder) {
  std::ifstream file(MEMSWEEP_SOURCE_DIR "/harness/standin/" + folder + "/names.txt");
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("#")) names.push_back(line.substr(0, line.find(' ')));
  }
  return names;
}

struct Library {
  const char* folder;
  const char* file;
  const char* version;  // of its symbols; null: they have none
};

class StandinFunctions : public testing::TestWithParam<Library> {};

TEST_P(StandinFunctions, AreAllThere) {
  const Library& library = GetParam();
  void* const handle = dlopen(library.file, RTLD_NOW);
  ASSERT_NE(handle, nullptr) << dlerror();
  const std::vector<std::string> names = names_of(library.folder);
  ASSERT_FALSE(names.empty());
  for (const std::string& name : names) {
    void* const found = library.version == nullptr ? dlsym(handle, name.c_str())
                                                   : dlvsym(handle, name.c_str(), library.version);
    EXPECT_NE(found, nullptr) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, StandinFunctions,
                         testing::Values(Library{"cudart", "libcudart.so.12", "libcudart.so.12"},
                                         Library{"cudart", "libcudart.so.13", "libcudart.so.13"},
                                         Library{"cuda", "libcuda.so.1", nullptr},
                                         Library{"cublas", "libcublas.so.12", "libcublas.so.12"},
                                         Library{"cublas", "libcublas.so.13", "libcublas.so.13"},
                                         Library{"cublaslt", "libcublasLt.so.12", "libcublasLt.so.12"},
                                         Library{"cublaslt", "libcublasLt.so.13", "libcublasLt.so.13"},
                                         Library{"cudnn", "libcudnn.so.9", "libcudnn.so.9"},
                                         Library{"nccl", "libnccl.so.2", nullptr},
                                         Library{"cufft", "libcufft.so.11", "libcufft.so.11"},
                                         Library{"cufft", "libcufft.so.12", "libcufft.so.12"},
                                         Library{"cusolver", "libcusolver.so.11", "libcusolver.so.11"},
                                         Library{"cusolver", "libcusolver.so.12", "libcusolver.so.12"},
                                         Library{"cusparse", "libcusparse.so.12", "libcusparse.so.12"},
                                         Library{"cufile", "libcufile.so.0", nullptr},
                                         Library{"cupti", "libcupti.so.12", "libcupti.so.12"},
                                         Library{"cupti", "libcupti.so.13", "libcupti.so.13"},
                                         Library{"curand", "libcurand.so.10", "libcurand.so.10"},
                                         Library{"cusparselt", "libcusparseLt.so.0", nullptr},
                                         Library{"nvrtc", "libnvrtc.so.12", "libnvrtc.so.12"},
                                         Library{"nvrtc", "libnvrtc.so.13", "libnvrtc.so.13"},
                                         Library{"nvshmem", "libnvshmem_host.so.3", "NVSHMEM"}),
                         [](const auto& library) {
                           const std::string file = library.param.file;
                           return library.param.folder + file.substr(file.rfind('.') + 1);
                         });

TEST(StandinUnsupported, CallsAreRefusedWithTheLibrarysOwnStatusAndCounted) {
  reset("memory=64MiB");
  EXPECT_EQ(cudaGraphDebugDotPrint(), 801);
  EXPECT_EQ(cublasXtCreate(), 15);
  EXPECT_EQ(cublasXtCreate(), 15);
  EXPECT_EQ(cusolverRfCreate(), 9);
  const auto& counts = model().observations.unsupported;
  EXPECT_EQ(counts.at("cudaGraphDebugDotPrint"), 1U);
  EXPECT_EQ(counts.at("cublasXtCreate"), 2U);
  EXPECT_EQ(counts.at("cusolverRfCreate"), 1U);
}

TEST(StandinUnsupported, LibrariesThatPyTorchHardlyCallsSayThatTheyAreNotInstalled) {
  reset("memory=64MiB");
  EXPECT_NE(std::string(nvrtcGetErrorString(nvrtcGetTileIR())).find("not installed"), std::string::npos);
  const char* text = nullptr;
  EXPECT_EQ(cuptiGetResultString(cuptiSubscribe(), &text), 0);
  EXPECT_NE(std::string(text).find("not installed"), std::string::npos);
  EXPECT_NE(nvshmemid_hostlib_init_attr(), 0);
  EXPECT_EQ(nvshmem_malloc(1), nullptr);
  EXPECT_EQ(model().observations.unsupported.at("nvshmem_malloc"), 1U);
}

TEST(StandinUnsupported, WhatWorksOnTheDeviceSucceedsAndCanBeMadeToFail) {
  reset("memory=64MiB");
  EXPECT_EQ(cublasSgemm_v2(), 0);
  set_faults({"cublasSgemm_v2:1:CUBLAS_STATUS_ALLOC_FAILED"});
  EXPECT_EQ(cublasSgemm_v2(), 3);
  EXPECT_TRUE(model().observations.unsupported.empty());
}

}  // namespace
}  // namespace memsweep::standin
