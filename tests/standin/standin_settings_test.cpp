#include "harness/standin/settings.h"

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"

namespace memsweep::standin {
namespace {

std::string complaint(std::string_view text) {
  try {
    static_cast<void>(parse_settings(text));
    return "none";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(StandinSettings, NothingSaidIsOneDeviceThatOnlyCounts) {
  const Settings settings = parse_settings("");
  EXPECT_EQ(settings.devices, 1);
  EXPECT_FALSE(settings.compute);
  EXPECT_TRUE(settings.faults.empty());
}

TEST(StandinSettings, EveryKeyIsRead) {
  const Settings settings = parse_settings(
      "devices=2,memory=1GiB,context=300MiB,others=8MiB,compute=on,garbage=on,capability=80,multiprocessors="
      "108,threads="
      "1536,"
      "clock=1410,temperature=85,throttled=on,name=A Card,workspace=4MiB,leaks=on");
  EXPECT_EQ(settings.devices, 2);
  EXPECT_EQ(settings.memory, 1_GiB);
  EXPECT_EQ(settings.context, 300_MiB);
  EXPECT_EQ(settings.others, 8_MiB);
  EXPECT_TRUE(settings.compute);
  EXPECT_TRUE(settings.garbage);
  EXPECT_EQ(settings.capability, 80);
  EXPECT_EQ(settings.multiprocessors, 108);
  EXPECT_EQ(settings.threads, 1536);
  EXPECT_EQ(settings.clock, 1410);
  EXPECT_EQ(settings.temperature, 85);
  EXPECT_TRUE(settings.throttled);
  EXPECT_EQ(settings.name, "A Card");
  EXPECT_EQ(settings.workspace, 4_MiB);
  EXPECT_TRUE(settings.leaks);
}

TEST(StandinSettings, FaultsSayWhichCallsFailHow) {
  const Settings settings = parse_settings(
      "fail=cudaMalloc:3:cudaErrorMemoryAllocation,fail=cuMemCreate:2+:CUDA_ERROR_OUT_OF_MEMORY,"
      "fail=cublasLtMatmul:every:CUBLAS_STATUS_EXECUTION_FAILED,fail=nvmlInit_v2:1:NVML_ERROR_DRIVER_NOT_"
      "LOADED");
  ASSERT_EQ(settings.faults.size(), 4U);
  EXPECT_EQ(settings.faults[0].function, "cudaMalloc");
  EXPECT_EQ(settings.faults[0].call, 3U);
  EXPECT_FALSE(settings.faults[0].forever);
  EXPECT_EQ(settings.faults[0].error, 2);
  EXPECT_EQ(settings.faults[1].call, 2U);
  EXPECT_TRUE(settings.faults[1].forever);
  EXPECT_EQ(settings.faults[2].call, 1U);
  EXPECT_TRUE(settings.faults[2].forever);
  EXPECT_EQ(settings.faults[2].error, 13);
  EXPECT_EQ(settings.faults[3].error, 9);
}

TEST(StandinSettings, WhatIsWrongIsSaidInOneSentence) {
  EXPECT_EQ(complaint("memory=big"),
            "MEMSWEEP_STANDIN, memory: 'big' is no size; write it as 512MiB, 1.5GiB or 2000000");
  EXPECT_EQ(complaint("compute=yes"), "MEMSWEEP_STANDIN, compute: \"yes\" is neither on nor off");
  EXPECT_EQ(complaint("devices=0"), "MEMSWEEP_STANDIN, devices: \"0\" is not a number from 1 on");
  EXPECT_EQ(complaint("fail=cudaMalloc:1:oom"),
            "MEMSWEEP_STANDIN, fail: no error of CUDA, cuBLAS, cuDNN or NVML is called \"oom\"");
  EXPECT_EQ(complaint("fail=cudaMalloc:x:cudaErrorUnknown"),
            "MEMSWEEP_STANDIN, fail: \"x\" is not a number from 1 on");
  EXPECT_EQ(complaint("memory=1GiB,context=2GiB"),
            "MEMSWEEP_STANDIN: more memory is in use from the beginning than the device has");
  EXPECT_TRUE(
      complaint("colour=red").starts_with("MEMSWEEP_STANDIN, colour: \"colour\" is none of devices, "));
}

}  // namespace
}  // namespace memsweep::standin
