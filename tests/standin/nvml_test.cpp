#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <nvml.h>
#include <unistd.h>

#include "harness/base/bytes.h"
#include "harness/standin/control.h"

// Of the older interface, which the header no longer declares.
struct ProcessOfOldInterface {
  unsigned pid;
  unsigned long long usedGpuMemory;
};
extern "C" nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned* count,
                                                             ProcessOfOldInterface* processes);
extern "C" nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int* version);
extern "C" nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned link, int* type);
extern "C" nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned link, void* place);

namespace memsweep::standin {
namespace {

class StandinNvml : public testing::Test {
 protected:
  void SetUp() override {
    reset("devices=2,memory=1GiB,context=100MiB,others=50MiB,clock=1410,temperature=85,name=Some Card");
    ASSERT_EQ(nvmlInit_v2(), NVML_SUCCESS);
    ASSERT_EQ(nvmlDeviceGetHandleByIndex_v2(1, &device_), NVML_SUCCESS);
  }

  nvmlDevice_t device_ = nullptr;
};

TEST_F(StandinNvml, ADeviceIsFoundByTheAddressThatTheRuntimeWrites) {
  char bus_id[16] = {};
  ASSERT_EQ(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, 1), cudaSuccess);
  nvmlDevice_t found = nullptr;
  EXPECT_EQ(nvmlDeviceGetHandleByPciBusId_v2(bus_id, &found), NVML_SUCCESS);
  EXPECT_EQ(found, device_);
  EXPECT_EQ(nvmlDeviceGetHandleByPciBusId_v2("00000000:02:00.0", &found), NVML_SUCCESS);
  EXPECT_EQ(nvmlDeviceGetHandleByPciBusId_v2("0000:09:00.0", &found), NVML_ERROR_NOT_FOUND);
  EXPECT_EQ(nvmlDeviceGetHandleByIndex_v2(2, &found), NVML_ERROR_INVALID_ARGUMENT);
}

TEST_F(StandinNvml, ItShowsWhatTheSettingsSay) {
  unsigned value = 0;
  EXPECT_EQ(nvmlDeviceGetClockInfo(device_, NVML_CLOCK_SM, &value), NVML_SUCCESS);
  EXPECT_EQ(value, 1410U);
  EXPECT_EQ(nvmlDeviceGetTemperature(device_, NVML_TEMPERATURE_GPU, &value), NVML_SUCCESS);
  EXPECT_EQ(value, 85U);
  EXPECT_EQ(nvmlDeviceGetCount_v2(&value), NVML_SUCCESS);
  EXPECT_EQ(value, 2U);
  char name[16] = {};
  EXPECT_EQ(nvmlDeviceGetName(device_, name, sizeof name), NVML_SUCCESS);
  EXPECT_STREQ(name, "Some Card");
  EXPECT_EQ(nvmlDeviceGetName(device_, name, 4), NVML_ERROR_INSUFFICIENT_SIZE);
}

TEST_F(StandinNvml, HeatIsAReasonForALowerClock) {
  unsigned long long reasons = 1;
  EXPECT_EQ(nvmlDeviceGetCurrentClocksEventReasons(device_, &reasons), NVML_SUCCESS);
  EXPECT_EQ(reasons, nvmlClocksEventReasonNone);
  reset("throttled=on");
  ASSERT_EQ(nvmlInit_v2(), NVML_SUCCESS);
  ASSERT_EQ(nvmlDeviceGetHandleByIndex_v2(0, &device_), NVML_SUCCESS);
  EXPECT_EQ(nvmlDeviceGetCurrentClocksThrottleReasons(device_, &reasons), NVML_SUCCESS);
  EXPECT_EQ(reasons, nvmlClocksEventReasonSwThermalSlowdown);
  reset("throttled=2");
  ASSERT_EQ(nvmlInit_v2(), NVML_SUCCESS);
  ASSERT_EQ(nvmlDeviceGetHandleByIndex_v2(0, &device_), NVML_SUCCESS);
  for (const bool hot : {true, true, false, false}) {
    EXPECT_EQ(nvmlDeviceGetCurrentClocksThrottleReasons(device_, &reasons), NVML_SUCCESS);
    EXPECT_EQ(reasons != nvmlClocksEventReasonNone, hot);
  }
}

TEST_F(StandinNvml, ADeviceIsInNoFabricAndAnOldOneKnowsOfNone) {
  nvmlGpuFabricInfoV_t fabric{};
  fabric.state = 3;
  EXPECT_EQ(nvmlDeviceGetGpuFabricInfoV(device_, &fabric), NVML_SUCCESS);
  EXPECT_EQ(fabric.state, NVML_GPU_FABRIC_STATE_NOT_SUPPORTED);
  EXPECT_EQ(fabric.status, NVML_ERROR_NOT_SUPPORTED);
  reset("capability=80");
  EXPECT_EQ(nvmlDeviceGetGpuFabricInfoV(device_, &fabric), NVML_ERROR_NOT_SUPPORTED);
}

TEST_F(StandinNvml, MemoryIsSharedBetweenThisProcessAndOthers) {
  void* pointer = nullptr;
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&pointer, 10_MiB), cudaSuccess);
  nvmlMemory_v2_t memory{};
  EXPECT_EQ(nvmlDeviceGetMemoryInfo_v2(device_, &memory), NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  memory.version = nvmlMemory_v2;
  EXPECT_EQ(nvmlDeviceGetMemoryInfo_v2(device_, &memory), NVML_SUCCESS);
  EXPECT_EQ(memory.used, 160_MiB);
  EXPECT_EQ(memory.free, 1_GiB - 160_MiB);
  unsigned count = 1;
  nvmlProcessInfo_t processes[4] = {};
  EXPECT_EQ(nvmlDeviceGetComputeRunningProcesses_v3(device_, &count, processes),
            NVML_ERROR_INSUFFICIENT_SIZE);
  count = 4;
  ASSERT_EQ(nvmlDeviceGetComputeRunningProcesses_v3(device_, &count, processes), NVML_SUCCESS);
  ASSERT_EQ(count, 2U);
  EXPECT_EQ(processes[0].pid, static_cast<unsigned>(getpid()));
  EXPECT_EQ(processes[0].usedGpuMemory, 110_MiB);
  EXPECT_EQ(processes[1].usedGpuMemory, 50_MiB);
  count = 1;
  ProcessOfOldInterface alone{};
  EXPECT_EQ(nvmlDeviceGetComputeRunningProcesses(device_, &count, &alone), NVML_SUCCESS);
  EXPECT_EQ(alone.pid, static_cast<unsigned>(getpid()));
  EXPECT_EQ(alone.usedGpuMemory, 110_MiB);
}

TEST_F(StandinNvml, TheDriverIsTheRuntimes) {
  int told = 0, driver = 1;
  EXPECT_EQ(nvmlSystemGetCudaDriverVersion_v2(&told), NVML_SUCCESS);
  EXPECT_EQ(cudaDriverGetVersion(&driver), cudaSuccess);
  EXPECT_EQ(told, driver);
}

TEST_F(StandinNvml, DevicesAreNotLinked) {
  int type = 0;
  char place[64] = {};
  EXPECT_EQ(nvmlDeviceGetNvLinkRemoteDeviceType(device_, 0, &type), NVML_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(nvmlDeviceGetNvLinkRemotePciInfo_v2(device_, 0, place), NVML_ERROR_NOT_SUPPORTED);
}

TEST_F(StandinNvml, NothingIsAnsweredBeforeInitOrAfterShutdown) {
  EXPECT_EQ(live(), (std::map<std::string, std::size_t>{{"nvmlInit", 1}}));
  ASSERT_EQ(nvmlShutdown(), NVML_SUCCESS);
  unsigned value = 0;
  EXPECT_EQ(nvmlDeviceGetTemperature(device_, NVML_TEMPERATURE_GPU, &value), NVML_ERROR_UNINITIALIZED);
  EXPECT_EQ(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
  EXPECT_STREQ(nvmlErrorString(NVML_ERROR_UNINITIALIZED), "Uninitialized");
  EXPECT_TRUE(live().empty());
}

}  // namespace
}  // namespace memsweep::standin
