// A true cuDNN is asked for the workspaces of plans: here one that is made up (fake_cudnn.cpp).
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"
#include "tests/json.h"
#include "tests/standin/fake_cudnn.h"

extern "C" {
int cudnnBackendCreateDescriptor(int type, void** descriptor);
int cudnnBackendDestroyDescriptor(void* descriptor);
int cudnnBackendSetAttribute(void* descriptor, int name, int type, std::int64_t count, const void* elements);
int cudnnBackendGetAttribute(void* descriptor, int name, int type, std::int64_t requested,
                             std::int64_t* count, void* elements);
int cudnnBackendFinalize(void* descriptor);
int cudnnBackendExecute(void* handle, void* plan, void* variants);
std::size_t cudnnGetVersion();
}

namespace memsweep::standin {
namespace {

enum Kind { kConfiguration = 3, kHeuristicsKind = 4, kPlanKind = 5, kGraphKind = 15, kVariants = 16 };
enum Type { kHandle = 0, kNumber = 3, kPointer = 15 };
enum Name { kGraphOf = 201, kResults = 202, kConfigurationOf = 401, kWorkspace = 402, kGraphHandle = 800 };
constexpr int kNotSupported = 3000, kInternalError = 4000;
constexpr std::int64_t kConfigured = 4 << 20;  // the setting `workspace`

std::vector<void*> descriptors;  // that the test has made

void* made(int kind) {
  void* descriptor = nullptr;
  EXPECT_EQ(cudnnBackendCreateDescriptor(kind, &descriptor), 0);
  descriptors.push_back(descriptor);
  return descriptor;
}

void set(void* descriptor, int name, void* value) {
  EXPECT_EQ(cudnnBackendSetAttribute(descriptor, name, kPointer, 1, &value), 0);
}

/// A graph, and the configurations that the heuristics have for it.
struct Asked {
  void* graph = made(kGraphKind);
  void* heuristics = made(kHeuristicsKind);
  std::array<void*, 2> configurations{made(kConfiguration), made(kConfiguration)};
  std::int64_t found = 0;

  Asked() {
    void* handle = this;
    EXPECT_EQ(cudnnBackendSetAttribute(graph, kGraphHandle, kHandle, 1, &handle), 0);
    EXPECT_EQ(cudnnBackendFinalize(graph), 0);
    set(heuristics, kGraphOf, graph);
    EXPECT_EQ(cudnnBackendFinalize(heuristics), 0);
    EXPECT_EQ(cudnnBackendGetAttribute(heuristics, kResults, kPointer, 2, &found, configurations.data()), 0);
  }
};

void* plan_of(void* configuration) {
  void* const plan = made(kPlanKind);
  set(plan, kConfigurationOf, configuration);
  return plan;
}

std::int64_t workspace_of(void* plan) {
  std::int64_t bytes = -1, count = 0;
  EXPECT_EQ(cudnnBackendGetAttribute(plan, kWorkspace, kNumber, 1, &count, &bytes), 0);
  return bytes;
}

class TrueCudnn : public ::testing::Test {
 protected:
  void SetUp() override {
    void* const library = dlopen(MEMSWEEP_FAKE_CUDNN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    fake = reinterpret_cast<FakeCudnn* (*)()>(dlsym(library, "fake_cudnn"));
    ASSERT_NE(fake, nullptr);
    *fake() = {};
    // Another device each, to which the library is opened anew.
    static int megabytes = 64;
    reset("memory=" + std::to_string(++megabytes) +
          "MiB,workspace=4MiB,capability=80,name=a100,cudnn=" MEMSWEEP_FAKE_CUDNN);
  }

  void TearDown() override {
    for (void* const descriptor : descriptors) static_cast<void>(cudnnBackendDestroyDescriptor(descriptor));
    descriptors.clear();
  }

  [[nodiscard]] static const GraphsOfCudnn& seen() { return model().observations.cudnn; }

  FakeCudnn* (*fake)() = nullptr;
};

TEST_F(TrueCudnn, TellsTheWorkspaceOfAPlan) {
  const Asked asked;
  EXPECT_EQ(asked.found, 2);
  void* const plan = plan_of(asked.configurations[1]);
  EXPECT_EQ(cudnnBackendFinalize(plan), 0);
  EXPECT_EQ(workspace_of(plan), 12345);
  EXPECT_EQ(seen().asked_plans, 1U);
  EXPECT_EQ(seen().assumed_plans, 0U);
}

TEST_F(TrueCudnn, GetsNoHandlesAndTheDeviceInstead) {
  const Asked asked;  // fails where heuristics lack a device
  EXPECT_EQ(fake()->handles, 0);
  const auto device = testing::parse_json(fake()->device);
  EXPECT_EQ(device.at("deviceVer"), 800);
  EXPECT_EQ(device.at("deviceName"), "a100");
  EXPECT_EQ(device.at("maxSharedMemoryPerBlockOptin"), 163 * 1024) << "that of its generation";
}

TEST_F(TrueCudnn, APlanThatItDoesNotSupportIsRefused) {
  const Asked asked;
  fake()->plan_status = kNotSupported;
  EXPECT_EQ(cudnnBackendFinalize(plan_of(asked.configurations[0])), kNotSupported);
  EXPECT_EQ(seen().asked_plans + seen().assumed_plans, 0U);
}

TEST_F(TrueCudnn, APlanThatFailsForLackOfAGpuIsAcceptedAndCounted) {
  const Asked asked;
  fake()->plan_status = kInternalError;
  void* const plan = plan_of(asked.configurations[0]);
  EXPECT_EQ(cudnnBackendFinalize(plan), 0);
  EXPECT_EQ(workspace_of(plan), kConfigured);
  EXPECT_EQ(seen().assumed_plans, 1U);
}

TEST_F(TrueCudnn, ADescriptorThatFailsForLackOfAGpuIsAccepted) {
  fake()->create_status = kInternalError;
  const Asked asked;
  EXPECT_EQ(asked.found, 1) << "the one engine that is accepted";
  void* const plan = plan_of(asked.configurations[0]);
  EXPECT_EQ(cudnnBackendFinalize(plan), 0);
  EXPECT_EQ(workspace_of(plan), kConfigured);
  EXPECT_EQ(seen().assumed_plans, 1U);
}

TEST_F(TrueCudnn, ADescriptorThatItDoesNotSupportIsRefused) {
  fake()->create_status = kNotSupported;
  void* graph = nullptr;
  EXPECT_EQ(cudnnBackendCreateDescriptor(kGraphKind, &graph), kNotSupported);
}

TEST_F(TrueCudnn, APlanWhoseAttributeFailsForLackOfAGpuIsAcceptedAndCounted) {
  const Asked asked;
  fake()->set_status = kInternalError;
  void* const plan = plan_of(asked.configurations[0]);
  EXPECT_EQ(cudnnBackendFinalize(plan), 0);
  EXPECT_EQ(workspace_of(plan), kConfigured);
  EXPECT_EQ(seen().assumed_plans, 1U);
}

TEST_F(TrueCudnn, SeveralPlansThatRunForOneGraphAreCompared) {
  const Asked asked;
  void* const variants = made(kVariants);
  std::array<void*, 2> plans{};
  for (int i = 0; i < 2; ++i) {
    plans[i] = plan_of(asked.configurations[i]);
    ASSERT_EQ(cudnnBackendFinalize(plans[i]), 0);
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cudnnBackendExecute(nullptr, plans[0], variants), 0);
  EXPECT_EQ(seen().compared, 0U) << "one plan";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cudnnBackendExecute(nullptr, plans[1], variants), 0);
  EXPECT_EQ(seen().compared, 1U) << "graphs, not runs";
}

TEST_F(TrueCudnn, LosesItsDescriptorsWithTheCallers) {
  const std::size_t before = fake()->live;
  void* const graph = made(kGraphKind);
  EXPECT_EQ(fake()->live, before + 2) << "and the device";
  EXPECT_EQ(cudnnBackendDestroyDescriptor(graph), 0);
  EXPECT_EQ(fake()->live, before + 1);
}

TEST_F(TrueCudnn, AnOldOneCannotBeAskedAndThatIsSaid) {
  fake()->version = 90501;
  const Asked asked;
  EXPECT_EQ(asked.found, 1) << "the one engine that is accepted";
  EXPECT_EQ(seen().refusal, "9.5.1 is installed, and 9.8 is the first that can be asked without a GPU");
  EXPECT_EQ(cudnnGetVersion(), 90501U) << "PyTorch takes the ways that it has";
}

}  // namespace
}  // namespace memsweep::standin
