#include "harness/device/profile.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

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

/// Rates and multiprocessors are the data sheet's. Twice the memory's clock times the width of its bus is the
/// bandwidth there, but for h200-sxm and b200-sxm, whose memory could do 2 % more. Memory is the total
/// capacity that PyTorch reports there; the context is what its out-of-memory messages and nvidia-smi show in
/// use before the first tensor. The shares of the data sheet's rates that streams and large products reach,
/// and the seconds from one eager op to the next, are the middle of the ranges published for these
/// generations (stas00/ml-engineering, MAMF tables; copy and triad benchmarks). Measured are the memory and
/// context of h100-sxm-80gb alone, and that its shares hold (results/h100-sxm-80gb-pytorch-2.11).
Profile gpu(std::string name, int compute_capability, Multiprocessors multiprocessors,
            std::size_t memory_bytes, std::size_t context_bytes, double gigabytes_per_second,
            int memory_clock_mhz, Teraflops teraflops, Pcie link) {
  return {.name = std::move(name),
          .source = "data sheet; memory from PyTorch's out-of-memory messages",
          .compute_capability = compute_capability,
          .multiprocessors = multiprocessors,
          .memory_bytes = memory_bytes,
          .context_bytes = context_bytes,
          .bandwidth = gigabytes_per_second * 1e9,
          .memory_clock_mhz = memory_clock_mhz,
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
          .memory_clock_mhz = 0,
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
      gpu("v100-sxm2-16gb", 70, {80, 2048}, 16'150_MiB, 350_MiB, 900, 877, {15.7, 15.7, 125, 15.7},
          Pcie::gen3),
      gpu("v100-sxm2-32gb", 70, {80, 2048}, 32'500_MiB, 350_MiB, 900, 877, {15.7, 15.7, 125, 15.7},
          Pcie::gen3),
      gpu("t4", 75, {40, 1024}, 14'910_MiB, 256_MiB, 320, 5001, {8.1, 8.1, 65, 8.1}, Pcie::gen3),
      gpu("a100-sxm-40gb", 80, {108, 2048}, 40'440_MiB, 460_MiB, 1555, 1215, {19.5, 156, 312, 312},
          Pcie::gen4),
      gpu("a100-sxm-80gb", 80, {108, 2048}, 81'050_MiB, 460_MiB, 2039, 1593, {19.5, 156, 312, 312},
          Pcie::gen4),
      gpu("a100-pcie-80gb", 80, {108, 2048}, 81'050_MiB, 460_MiB, 1935, 1512, {19.5, 156, 312, 312},
          Pcie::gen4),
      gpu("l4", 89, {58, 1536}, 22'570_MiB, 256_MiB, 300, 6251, {30.3, 60, 121, 121}, Pcie::gen4),
      gpu("rtx-4090", 89, {128, 1536}, 24'100_MiB, 426_MiB, 1008, 10501, {82.6, 82.6, 165.2, 165.2},
          Pcie::gen4),
      gpu("h100-sxm-80gb", 90, {132, 2048}, 81'079_MiB, 619_MiB, 3350, 2619, {67, 494.5, 989, 989},
          Pcie::gen5),
      gpu("h100-pcie-80gb", 90, {114, 2048}, 81'090_MiB, 666_MiB, 2039, 1593, {51, 378, 756, 756},
          Pcie::gen5),
      gpu("h200-sxm", 90, {132, 2048}, 143'090_MiB, 666_MiB, 4800, 3201, {67, 494.5, 989, 989}, Pcie::gen5),
      gpu("b200-sxm", 100, {148, 2048}, 182'630_MiB, 717_MiB, 8000, 3996, {80, 1125, 2250, 2250}, Pcie::gen5),
      cpu(),
  };
}

/// How many words of a profile's name, "h100-sxm-80gb", stand in another name.
std::int64_t common_words(const std::string& profile, std::string_view name) {
  std::istringstream in(profile);
  std::int64_t count = 0;
  for (std::string word; std::getline(in, word, '-');) {
    count += static_cast<std::int64_t>(name.find(word) != std::string_view::npos);
  }
  return count;
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

const Profile& nearest_profile(std::string_view name, int compute_capability, int multiprocessors) {
  const auto distance = [&](const Profile& p) {
    return std::tuple(p.compute_capability == 0, -common_words(p.name, name),
                      std::abs(p.compute_capability - compute_capability),
                      std::abs(p.multiprocessors.count - multiprocessors));
  };
  const auto all = profiles();
  return *std::min_element(all.begin(), all.end(),
                           [&](const Profile& a, const Profile& b) { return distance(a) < distance(b); });
}

}  // namespace memsweep
