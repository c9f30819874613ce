// What a device is to the simulation: its memory, its rates, and what sizes PyTorch's workspaces.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "kernels/op.h"

namespace memsweep {

constexpr std::size_t kUnlimitedMemory = std::size_t{1} << 42;  // bytes; more than any device has

struct Profile {
  std::string name;
  std::string source;          // where the numbers are from
  int compute_capability = 0;  // major * 10 + minor; 0: not a GPU, libraries borrow no workspaces
  Multiprocessors multiprocessors;
  std::size_t memory_bytes = 0;   // what the driver says is there, bytes
  std::size_t context_bytes = 0;  // taken by the context and its libraries before the first tensor
  double bandwidth = 0;           // of device memory, bytes per second, by the data sheet
  int memory_clock_mhz = 0;       // as nvidia-smi shows it; 0: not known, as in profiles that are read
  double f32_rate = 0;            // operations per second without TF32, by the data sheet
  // Of products on tensor cores, dense; where there are none for a type, the rate of f32.
  double tf32_rate = 0;
  double f16_rate = 0;
  double bf16_rate = 0;
  double bandwidth_share = 0;  // of it that streaming kernels reach
  double product_share = 0;    // of the rate that large products reach
  double link_bandwidth = 0;   // between host and device in one direction, bytes per second, as it is reached
  double launch_seconds = 0;   // from one op to the next when the device does nothing else
};

/// Operations per second that the data sheet gives for a call: products by the type of their operands, all
/// else in f32.
[[nodiscard]] double rate_of(const Profile& profile, const OpCall& call);

/// Every profile that is built in, GPUs by age; "cpu" is the last.
[[nodiscard]] std::span<const Profile> profiles();

/// Throws UsageError naming the nearest profile there is.
[[nodiscard]] const Profile& find_profile(std::string_view name);

/// The GPU of profiles() that is most like one of that name ("h100-80gb-hbm3"), else of that compute
/// capability and so many multiprocessors.
[[nodiscard]] const Profile& nearest_profile(std::string_view name, int compute_capability,
                                             int multiprocessors);

/// A profile from a JSON object with these fields, all of them and no others:
///   name                        of a-z, 0-9, '.' and '-'; none that is built in
///   source                      text: where the numbers are from
///   compute_capability          whole number: major * 10 + minor; 0: not a GPU
///   multiprocessors, threads_per_multiprocessor
///                               whole numbers
///   memory_bytes, context_bytes whole numbers; the context's below the memory's
///   bandwidth, f32_rate, tf32_rate, f16_rate, bf16_rate
///                               per second, above 0
///   bandwidth_share, product_share
///                               above 0, at most 1
///   link_bandwidth              per second, above 0
///   launch_seconds              at least 0
/// Throws UsageError naming the field and its rule.
[[nodiscard]] Profile read_profile(const std::filesystem::path& file);

/// The same JSON object as text, and back from such a text. Throws UsageError naming the field and its rule.
[[nodiscard]] std::string profile_text(const Profile& profile);
[[nodiscard]] Profile parse_profile(std::string_view text);

}  // namespace memsweep
