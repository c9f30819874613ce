#include "harness/device/device.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "tests/json.h"

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
    EXPECT_EQ(profile.memory_clock_mhz > 0, profile.compute_capability > 0) << profile.name;
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

  /// The sentence, without the file's name, with which a profile is refused; empty if it is not.
  [[nodiscard]] std::string refusal(const nlohmann::json& object) const {
    write(object.dump());
    try {
      static_cast<void>(read_profile(file_));
    } catch (const UsageError& error) {
      return std::string(error.what()).substr(file_.string().size() + 2);
    }
    return "";
  }

  fs::path file_ = fs::temp_directory_path() / "memsweep_profile_test.json";
  std::string sound_ =
      R"({"name": "mine", "source": "measured", "compute_capability": 90, "multiprocessors": 10,
    "threads_per_multiprocessor": 2048, "memory_bytes": 1073741824, "context_bytes": 1048576, "bandwidth": 1e12,
    "f32_rate": 1e13, "tf32_rate": 8e13, "f16_rate": 16e13, "bf16_rate": 16e13, "bandwidth_share": 0.9, "product_share": 0.8, "link_bandwidth": 1e10, "launch_seconds": 5e-6})";
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

struct WrongField {
  std::string field, value;  // as JSON
  std::string rule;          // part of the sentence
};

TEST_F(ProfileFile, NamesTheFieldThatIsWrongAndItsRule) {
  const std::vector<WrongField> wrong{
      {"name", R"("")", "of the letters a-z"},
      {"name", R"("../mine")", "of the letters a-z"},
      {"name", R"("Mine")", "of the letters a-z"},
      {"name", R"("t4")", "another than 't4', which is built in"},
      {"name", "4", "a text"},
      {"compute_capability", "-1", "a whole number from 0 to 2147483647"},
      {"multiprocessors", "-1", "a whole number"},
      {"multiprocessors", "true", "a whole number"},
      {"multiprocessors", "4294967297", "a whole number"},
      {"threads_per_multiprocessor", "-2048", "a whole number"},
      {"threads_per_multiprocessor", "0.5", "a whole number"},
      {"memory_bytes", "-1", "a whole number"},
      {"context_bytes", "1073741824", "below memory_bytes"},
      {"bandwidth", "0", "above 0"},
      {"bandwidth", R"("fast")", "a number"},
      {"f32_rate", "-1e12", "above 0"},
      {"tf32_rate", "0", "above 0"},
      {"f16_rate", "-1", "above 0"},
      {"bf16_rate", "0", "above 0"},
      {"bandwidth_share", "1.01", "above 0 and at most 1"},
      {"bandwidth_share", "0", "above 0 and at most 1"},
      {"product_share", "-0.5", "above 0 and at most 1"},
      {"link_bandwidth", "0", "above 0"},
      {"launch_seconds", "-1e-6", "at least 0"},
  };
  for (const auto& [field, value, rule] : wrong) {
    auto object = testing::parse_json(sound_);
    object.at(field) = testing::parse_json(value);
    EXPECT_EQ(refusal(object).find(fmt::format("the field '{}' must be {}", field, rule)), 0U)
        << field << " " << value << ": " << refusal(object);
  }
}

TEST_F(ProfileFile, MayReachTheDataSheetsRatesAndLaunchInNoTime) {
  auto object = testing::parse_json(sound_);
  object.at("bandwidth_share") = 1;
  object.at("product_share") = 1;
  object.at("launch_seconds") = 0;
  object.at("name") = "t4.mine-2";
  EXPECT_EQ(refusal(object), "");
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

/// Something of the machine's memory is always in use: all of it is never available.
TEST(OpenDevice, RefusesACapBeyondTheMemoryThatIsAvailable) {
  const std::size_t machine =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_THROW(static_cast<void>(open_device({.spec = "cpu", .memory_bytes = machine})), UsageError);
}

/// Modelled seconds of a product of n x n matrices.
double product_seconds(Device& device, std::int64_t n, DType type = DType::f32, bool tf32 = false) {
  const TensorType square{{n, n}, type};
  const std::vector<TensorType> in{square, square}, out{square};
  const std::vector<double> plain{0, 0};
  const double start = device.now();
  device.execute({Op::mm, plain, in, out, 1, tf32}, {});
  return device.now() - start;
}

TEST(SimDevice, ModelsTimeByTheRoofline) {
  const Profile& h100 = find_profile("h100-sxm-80gb");
  const auto device = make_sim(h100);
  const double large = product_seconds(*device, 8192), flops = 2.0 * 8192 * 8192 * 8192;
  EXPECT_NEAR(large, flops / (h100.f32_rate * h100.product_share), 0.01 * large);
  EXPECT_NEAR(product_seconds(*device, 1), h100.launch_seconds, 0.01 * h100.launch_seconds);
}

TEST(SimDevice, ProductsRunAtTheRateOfTheirOperandsType) {
  const auto h100 = make_sim(find_profile("h100-sxm-80gb")), v100 = make_sim(find_profile("v100-sxm2-32gb"));
  const double f32 = product_seconds(*h100, 8192);
  EXPECT_NEAR(product_seconds(*h100, 8192, DType::f32, true) / f32, 67 / 494.5, 0.01);
  EXPECT_NEAR(product_seconds(*h100, 8192, DType::bf16) / f32, 67 / 989.0, 0.01);
  EXPECT_NEAR(product_seconds(*v100, 8192, DType::f16) / product_seconds(*v100, 8192), 15.7 / 125, 0.01);
  EXPECT_NEAR(product_seconds(*v100, 8192, DType::bf16) / product_seconds(*v100, 8192), 1, 0.01);
}

TEST(SimDevice, ChargesNothingForWhatDoesNothing) {
  const auto device = make_sim(find_profile("t4"));
  const std::vector<TensorType> in{{{1024, 1024}}};
  device->execute({Op::release, {}, in, {}}, {});
  EXPECT_EQ(device->now(), 0);
}

}  // namespace
}  // namespace memsweep
