// NVRTC as PyTorch calls it where it is not installed.
#include <cuda.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

extern "C" {
int nvrtcVersion(int* major, int* minor);
int nvrtcCreateProgram(void** program, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcDestroyProgram(void** program);
int nvrtcCompileProgram(void* program, int, const char* const*);
int nvrtcAddNameExpression(void* program, const char* name);
int nvrtcGetLoweredName(void* program, const char* name, const char** lowered);
int nvrtcGetPTXSize(void* program, std::size_t* bytes);
int nvrtcGetPTX(void* program, char* text);
int nvrtcGetCUBINSize(void* program, std::size_t* bytes);
int nvrtcGetCUBIN(void* program, char* image);
int nvrtcGetProgramLogSize(void* program, std::size_t* bytes);
int nvrtcGetProgramLog(void* program, char* text);
}

namespace memsweep::standin {
namespace {

TEST(StandinNvrtc, ProgramsAreCompiledToModulesThatHaveEveryFunction) {
  reset("memory=64MiB");
  void* program = nullptr;
  ASSERT_EQ(nvrtcCreateProgram(&program, "not looked at", nullptr, 0, nullptr, nullptr), 0);
  EXPECT_EQ(nvrtcAddNameExpression(program, "kernel<float>"), 0);
  EXPECT_EQ(nvrtcCompileProgram(program, 0, nullptr), 0);
  const char* lowered = nullptr;
  EXPECT_EQ(nvrtcGetLoweredName(program, "kernel<float>", &lowered), 0);
  EXPECT_EQ(std::string(lowered), "kernel<float>");
  EXPECT_NE(nvrtcGetLoweredName(program, "another", &lowered), 0);
  std::size_t bytes = 0;
  EXPECT_EQ(nvrtcGetPTXSize(program, &bytes), 0);
  std::string image(bytes, 'x');
  EXPECT_EQ(nvrtcGetPTX(program, image.data()), 0);
  EXPECT_EQ(nvrtcGetProgramLogSize(program, &bytes), 0);
  std::string log(bytes, 'x');
  EXPECT_EQ(nvrtcGetProgramLog(program, log.data()), 0);
  EXPECT_STREQ(log.c_str(), "");
  EXPECT_EQ(nvrtcGetCUBINSize(program, &bytes), 0);
  image.assign(bytes, 'x');
  EXPECT_EQ(nvrtcGetCUBIN(program, image.data()), 0);
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  EXPECT_EQ(cuModuleLoadData(&module, image.data()), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "kernel<float>"), CUDA_SUCCESS);
  EXPECT_EQ(nvrtcDestroyProgram(&program), 0);
  EXPECT_NE(nvrtcCompileProgram(program, 0, nullptr), 0) << "it is gone";
  int major = 0, minor = -1;
  EXPECT_EQ(nvrtcVersion(&major, &minor), 0);
  EXPECT_EQ(major, 13);
}

}  // namespace
}  // namespace memsweep::standin
