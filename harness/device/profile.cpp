#include "harness/device/profile.h"

#include <cstdint>
#include <fstream>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/nearest.h"

namespace memsweep {
namespace {

/// By the type of a product's operands, without sparsity and with sums in f32.
struct Teraflops {
  double f32, tf32, f16, bf16;
};

enum class Pcie : std::uint8_t { gen3, gen4, gen5 };

/// Of 16 lanes; four fifths of it are what copies from pinned memory reach.
double link_bandwidth(Pcie generation) {
  constexpr double kShare = 0.8;
  switch (generation) {
    case Pcie::gen3: return kShare * 15.75e9;
    case Pcie::gen4: return kShare * 31.5e9;
    case Pcie::gen5: return kShare * 63e9;
  }
  return 0;
}

/// Rates and multiprocessors are the data sheet's. Memory is the total capacity that PyTorch reports
/// there; the context is what its out-of-memory messages and nvidia-smi show in use before the first
/// tensor. The shares of the data sheet's rates that streams and large products reach, and the seconds
/// from one eager op to the next, are the middle of the ranges published for these generations
/// (stas00/ml-engineering, MAMF tables; copy and triad benchmarks). Measured are the memory and context of
/// h100-sxm-80gb alone, and that its shares hold (results/h100-sxm-80gb-pytorch-2.11).
Profile gpu(std::string name, int compute_capability, Multiprocessors multiprocessors,
            std::size_t memory_bytes, std::size_t context_bytes, double gigabytes_per_second,
            Teraflops teraflops, Pcie link) {
  return {.name = std::move(name),
          .source = "data sheet; memory from PyTorch's out-of-memory messages",
          .compute_capability = compute_capability,
          .multiprocessors = multiprocessors,
          .memory_bytes = memory_bytes,
          .context_bytes = context_bytes,
          .bandwidth = gigabytes_per_second * 1e9,
          .f32_rate = teraflops.f32 * 1e12,
          .tf32_rate = teraflops.tf32 * 1e12,
          .f16_rate = teraflops.f16 * 1e12,
          .bf16_rate = teraflops.bf16 * 1e12,
          .bandwidth_share = 0.88,
          .product_share = 0.75,
          .link_bandwidth = link_bandwidth(link),
          .launch_seconds = 7e-6};
}

/// What --device cpu is compared with: the memory it takes where no --memory is given, and the rates of
/// two cores of an AMD EPYC (a copy of 128 MiB; products of 1024 x 1024 through memsweep's own bodies).
Profile cpu() {
  return {.name = "cpu",
          .source = "measured on two cores of an AMD EPYC",
          .compute_capability = 0,
          .multiprocessors = {0, 0},
          .memory_bytes = 64_MiB,
          .context_bytes = 0,
          .bandwidth = 21e9,
          .f32_rate = 0.136e12,
          .tf32_rate = 0.136e12,
          .f16_rate = 0.136e12,
          .bf16_rate = 0.136e12,
          .bandwidth_share = 1,
          .product_share = 1,
          .link_bandwidth = 21e9,
          .launch_seconds = 1e-6};
}

std::vector<Profile> make_profiles() {
  return {
      gpu("v100-sxm2-16gb", 70, {80, 2048}, 16'150_MiB, 350_MiB, 900, {15.7, 15.7, 125, 15.7}, Pcie::gen3),
      gpu("v100-sxm2-32gb", 70, {80, 2048}, 32'500_MiB, 350_MiB, 900, {15.7, 15.7, 125, 15.7}, Pcie::gen3),
      gpu("t4", 75, {40, 1024}, 14'910_MiB, 256_MiB, 320, {8.1, 8.1, 65, 8.1}, Pcie::gen3),
      gpu("a100-sxm-40gb", 80, {108, 2048}, 40'440_MiB, 460_MiB, 1555, {19.5, 156, 312, 312}, Pcie::gen4),
      gpu("a100-sxm-80gb", 80, {108, 2048}, 81'050_MiB, 460_MiB, 2039, {19.5, 156, 312, 312}, Pcie::gen4),
      gpu("a100-pcie-80gb", 80, {108, 2048}, 81'050_MiB, 460_MiB, 1935, {19.5, 156, 312, 312}, Pcie::gen4),
      gpu("l4", 89, {58, 1536}, 22'570_MiB, 256_MiB, 300, {30.3, 60, 121, 121}, Pcie::gen4),
      gpu("rtx-4090", 89, {128, 1536}, 24'100_MiB, 426_MiB, 1008, {82.6, 82.6, 165.2, 165.2}, Pcie::gen4),
      gpu("h100-sxm-80gb", 90, {132, 2048}, 81'079_MiB, 619_MiB, 3350, {67, 494.5, 989, 989}, Pcie::gen5),
      gpu("h100-pcie-80gb", 90, {114, 2048}, 81'090_MiB, 666_MiB, 2039, {51, 378, 756, 756}, Pcie::gen5),
      gpu("h200-sxm", 90, {132, 2048}, 143'090_MiB, 666_MiB, 4800, {67, 494.5, 989, 989}, Pcie::gen5),
      gpu("b200-sxm", 100, {148, 2048}, 182'630_MiB, 717_MiB, 8000, {80, 1125, 2250, 2250}, Pcie::gen5),
      cpu(),
  };
}

void require(bool holds, std::string_view field, std::string_view rule) {
  if (!holds) throw UsageError(fmt::format("the field '{}' must be {}", field, rule));
}

template <typename T>
T value_of(const nlohmann::json& json, std::string_view field) {
  if constexpr (std::is_integral_v<T>) {
    constexpr auto kHighest = std::numeric_limits<T>::max();
    const bool fits = json.is_number_unsigned() && std::in_range<T>(json.get<std::uint64_t>());
    require(fits, field, fmt::format("a whole number from 0 to {}", kHighest));
  } else if constexpr (std::is_floating_point_v<T>) {
    require(json.is_number(), field, "a number");
  } else {
    require(json.is_string(), field, "a text");
  }
  return json.get<T>();
}

/// Takes a field out of the object, so that what is left over was not known.
template <typename T>
void take(nlohmann::json& object, std::string_view field, T& value) {
  const auto found = object.find(field);
  if (found == object.end()) throw UsageError(fmt::format("the field '{}' is missing", field));
  value = value_of<T>(*found, field);
  object.erase(found);
}

/// Rows and folders of results bear the name.
void check_name(const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  require(!name.empty() && name.find_first_not_of(kLetters) == std::string::npos, "name",
          "of the letters a-z, digits, '.' and '-'");
  for (const Profile& profile : profiles()) {
    require(profile.name != name, "name", fmt::format("another than '{}', which is built in", name));
  }
}

void check(const Profile& p) {
  check_name(p.name);
  require(p.context_bytes < p.memory_bytes, "context_bytes", "below memory_bytes");
  require(p.bandwidth > 0, "bandwidth", "above 0");
  require(p.f32_rate > 0, "f32_rate", "above 0");
  require(p.tf32_rate > 0, "tf32_rate", "above 0");
  require(p.f16_rate > 0, "f16_rate", "above 0");
  require(p.bf16_rate > 0, "bf16_rate", "above 0");
  require(p.bandwidth_share > 0 && p.bandwidth_share <= 1, "bandwidth_share", "above 0 and at most 1");
  require(p.product_share > 0 && p.product_share <= 1, "product_share", "above 0 and at most 1");
  require(p.link_bandwidth > 0, "link_bandwidth", "above 0");
  require(p.launch_seconds >= 0, "launch_seconds", "at least 0");
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
  take(object, "tf32_rate", p.tf32_rate);
  take(object, "f16_rate", p.f16_rate);
  take(object, "bf16_rate", p.bf16_rate);
  take(object, "bandwidth_share", p.bandwidth_share);
  take(object, "product_share", p.product_share);
  take(object, "link_bandwidth", p.link_bandwidth);
  take(object, "launch_seconds", p.launch_seconds);
  if (!object.empty())
    throw UsageError(fmt::format("there is no field '{}' in a profile", object.begin().key()));
  check(p);
  return p;
}

}  // namespace

double rate_of(const Profile& profile, const OpCall& call) {
  if (!row_of(call.op).product) return profile.f32_rate;
  switch (call.inputs[0].dtype) {
    case DType::f16: return profile.f16_rate;
    case DType::bf16: return profile.bf16_rate;
    default: return call.tf32 ? profile.tf32_rate : profile.f32_rate;
  }
}

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
