#include "harness/device/device.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

TEST(Profiles, AreComplete) {
  std::set<std::string> names;
  for (const Profile& profile : profiles()) {
    EXPECT_TRUE(names.insert(profile.name).second) << profile.name << " is there twice";
    EXPECT_FALSE(profile.source.empty()) << profile.name;
    EXPECT_GT(profile.bandwidth, 0) << profile.name;
    EXPECT_GT(profile.f32_rate, 0) << profile.name;
    EXPECT_LT(profile.context_bytes, profile.memory_bytes) << profile.name;
  }
}

TEST(Profiles, SayWhichIsNearestToATypingError) {
  try {
    static_cast<void>(find_profile("h100-smx-80gb"));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'h100-sxm-80gb'?"), std::string::npos);
  }
}

class ProfileFile : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }
  void write(const std::string& text) const { std::ofstream(file_) << text; }

  fs::path file_ = fs::temp_directory_path() / "memsweep_profile_test.json";
  std::string sound_ =
      R"({"name": "mine", "source": "measured", "compute_capability": 90, "multiprocessors": 10,
    "threads_per_multiprocessor": 2048, "memory_bytes": 1073741824, "context_bytes": 1048576, "bandwidth": 1e12,
    "f32_rate": 1e13, "bandwidth_share": 0.9, "product_share": 0.8, "launch_seconds": 5e-6})";
};

TEST_F(ProfileFile, IsRead) {
  write(sound_);
  const Profile profile = read_profile(file_);
  EXPECT_EQ(profile.name, "mine");
  EXPECT_EQ(profile.multiprocessors.count, 10);
  EXPECT_EQ(profile.memory_bytes, 1_GiB);
}

TEST_F(ProfileFile, IsRefusedWithASentenceIfItIsWrong) {
  EXPECT_THROW(static_cast<void>(read_profile(file_)), UsageError);  // not there
  for (std::string broken : {std::string("{"), std::string("[]"), std::string("{}"),
                             sound_.substr(0, sound_.size() - 1) + R"(, "colour": "green"})"}) {
    write(broken);
    EXPECT_THROW(static_cast<void>(read_profile(file_)), UsageError) << broken;
  }
}

TEST(OpenDevice, TakesCpuWhereThereIsNoCudaAndSaysSo) {
  const OpenedDevice opened = open_device({.spec = "auto", .memory_bytes = 64_MiB});
  EXPECT_EQ(opened.device->name(), "cpu");
  EXPECT_NE(opened.remark.find("running on cpu with 64MiB"), std::string::npos);
}

TEST(OpenDevice, SimulatesTheCpuWithoutAProfile) {
  const OpenedDevice opened = open_device({.spec = "sim", .memory_bytes = 64_MiB});
  EXPECT_EQ(opened.device->name(), "sim:cpu");
  EXPECT_EQ(opened.device->profile().memory_bytes, 64_MiB);
  EXPECT_FALSE(opened.device->computes());
}

TEST(OpenDevice, RefusesWhatIsNoDevice) {
  EXPECT_THROW(static_cast<void>(open_device({.spec = "cpux"})), UsageError);
  EXPECT_THROW(static_cast<void>(open_device({.spec = "sim:h1000"})), UsageError);
  EXPECT_THROW(static_cast<void>(open_device({.spec = "cuda"})), DeviceError);
  EXPECT_THROW(static_cast<void>(open_device({.spec = "sim:t4", .memory_bytes = 1_MiB})), UsageError);
  EXPECT_THROW(static_cast<void>(open_device({.spec = "cpu", .profile_file = "x.json"})), UsageError);
}

TEST(OpenDevice, RefusesACapBeyondTheMachinesMemory) {
  EXPECT_THROW(static_cast<void>(open_device({.spec = "cpu", .memory_bytes = 1'000'000_GiB})), UsageError);
}

/// Modelled seconds of a product of n x n matrices.
double product_seconds(Device& device, std::int64_t n) {
  const std::vector<TensorType> in{{{n, n}}, {{n, n}}}, out{{{n, n}}};
  const std::vector<double> plain{0, 0};
  const double start = device.now();
  device.execute({Op::mm, plain, in, out}, {});
  return device.now() - start;
}

TEST(SimDevice, ModelsTimeByTheRoofline) {
  const Profile& h100 = find_profile("h100-sxm-80gb");
  const auto device = make_sim(h100);
  const double large = product_seconds(*device, 8192), flops = 2.0 * 8192 * 8192 * 8192;
  EXPECT_NEAR(large, flops / (h100.f32_rate * h100.product_share), 0.01 * large);
  EXPECT_NEAR(product_seconds(*device, 1), h100.launch_seconds, 0.01 * h100.launch_seconds);
}

TEST(SimDevice, ChargesNothingForWhatDoesNothing) {
  const auto device = make_sim(find_profile("t4"));
  const std::vector<TensorType> in{{{1024, 1024}}};
  device->execute({Op::release, {}, in, {}}, {});
  EXPECT_EQ(device->now(), 0);
}

}  // namespace
}  // namespace memsweep
