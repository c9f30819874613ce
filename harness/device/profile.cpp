#include "harness/device/profile.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"

namespace memsweep {
namespace {

constexpr double operator""_GBps(long double n) { return static_cast<double>(n) * 1e9; }
constexpr double operator""_TFLOPS(long double n) { return static_cast<double>(n) * 1e12; }

// Data sheets give rates and multiprocessors. Memory: the total capacity that PyTorch reports there, and
// what its out-of-memory messages and nvidia-smi show in use before the first tensor. Shares of the data
// sheet's rates that streams and large products reach, and seconds per eager op: the middle of the ranges
// published for these generations (stas00/ml-engineering, MAMF tables; triad and copy benchmarks).
constexpr double kStream = 0.88, kProduct = 0.75, kEagerOp = 7e-6;

std::vector<Profile> make_profiles() {
  const std::string sheet = "data sheet; memory from PyTorch's out-of-memory messages";
  return {
      {"v100-sxm2-16gb",
       sheet,
       70,
       {80, 2048},
       16'150_MiB,
       350_MiB,
       900.0_GBps,
       15.7_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"v100-sxm2-32gb",
       sheet,
       70,
       {80, 2048},
       32'500_MiB,
       350_MiB,
       900.0_GBps,
       15.7_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"t4", sheet, 75, {40, 1024}, 14'910_MiB, 256_MiB, 320.0_GBps, 8.1_TFLOPS, kStream, kProduct, kEagerOp},
      {"a100-sxm-40gb",
       sheet,
       80,
       {108, 2048},
       40'440_MiB,
       460_MiB,
       1'555.0_GBps,
       19.5_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"a100-sxm-80gb",
       sheet,
       80,
       {108, 2048},
       81'050_MiB,
       460_MiB,
       2'039.0_GBps,
       19.5_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"a100-pcie-80gb",
       sheet,
       80,
       {108, 2048},
       81'050_MiB,
       460_MiB,
       1'935.0_GBps,
       19.5_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"l4",
       sheet,
       89,
       {58, 1536},
       22'570_MiB,
       256_MiB,
       300.0_GBps,
       30.3_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"rtx-4090",
       sheet,
       89,
       {128, 1536},
       24'100_MiB,
       426_MiB,
       1'008.0_GBps,
       82.6_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"h100-sxm-80gb",
       sheet,
       90,
       {132, 2048},
       81'090_MiB,
       666_MiB,
       3'350.0_GBps,
       67.0_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"h100-pcie-80gb",
       sheet,
       90,
       {114, 2048},
       81'090_MiB,
       666_MiB,
       2'039.0_GBps,
       51.0_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"h200-sxm",
       sheet,
       90,
       {132, 2048},
       143'090_MiB,
       666_MiB,
       4'800.0_GBps,
       67.0_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"b200-sxm",
       sheet,
       100,
       {148, 2048},
       182'630_MiB,
       717_MiB,
       8'000.0_GBps,
       80.0_TFLOPS,
       kStream,
       kProduct,
       kEagerOp},
      {"cpu",
       "measured on two cores of an AMD EPYC: streaming copy, sgemm 1024^3",
       0,
       {0, 0},
       512_MiB,
       0,
       20.0_GBps,
       0.1_TFLOPS,
       1.0,
       1.0,
       1e-6},
  };
}

/// Takes a field out of the object, so that what is left over was not known.
template <typename T>
void take(nlohmann::json& object, std::string_view name, T& value) {
  const auto found = object.find(name);
  if (found == object.end()) throw UsageError(fmt::format("the field '{}' is missing", name));
  try {
    value = found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    throw UsageError(fmt::format("the field '{}' cannot be {}", name, found->dump()));
  }
  object.erase(found);
}

Profile from_json(nlohmann::json object) {
  if (!object.is_object()) throw UsageError("a profile is a JSON object");
  Profile p;
  take(object, "name", p.name);
  take(object, "source", p.source);
  take(object, "compute_capability", p.compute_capability);
  take(object, "multiprocessors", p.multiprocessors.count);
  take(object, "threads_per_multiprocessor", p.multiprocessors.threads_each);
  take(object, "memory_bytes", p.memory_bytes);
  take(object, "context_bytes", p.context_bytes);
  take(object, "bandwidth", p.bandwidth);
  take(object, "f32_rate", p.f32_rate);
  take(object, "bandwidth_share", p.bandwidth_share);
  take(object, "product_share", p.product_share);
  take(object, "launch_seconds", p.launch_seconds);
  if (!object.empty())
    throw UsageError(fmt::format("there is no field '{}' in a profile", object.begin().key()));
  for (double rate : {p.bandwidth, p.f32_rate, p.bandwidth_share, p.product_share}) {
    if (!(rate > 0)) throw UsageError("rates and shares must be above 0");
  }
  if (p.context_bytes >= p.memory_bytes) throw UsageError("context_bytes must be below memory_bytes");
  return p;
}

}  // namespace

std::span<const Profile> profiles() {
  static const auto table = make_profiles();
  return table;
}

const Profile& find_profile(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Profile& profile : profiles()) {
    if (profile.name == name) return profile;
    known.push_back(profile.name);
  }
  throw UsageError(unknown("device profile", name, known));
}

Profile read_profile(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw UsageError(fmt::format("cannot read the profile {}", file.string()));
  try {
    return from_json(nlohmann::json::parse(in));
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("{} is no JSON: {}", file.string(), error.what()));
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace memsweep
