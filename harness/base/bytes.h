// Sizes as people write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memsweep {

constexpr std::size_t operator""_KiB(unsigned long long n) { return static_cast<std::size_t>(n) << 10; }
constexpr std::size_t operator""_MiB(unsigned long long n) { return static_cast<std::size_t>(n) << 20; }
constexpr std::size_t operator""_GiB(unsigned long long n) { return static_cast<std::size_t>(n) << 30; }

/// "512MiB", "1.50GiB", "300B": at most four digits.
[[nodiscard]] std::string format_bytes(std::size_t bytes);

/// Reads "512MiB", "2GB", "1.5 GiB", "4096". K, M, G, T with iB (or nothing) are powers of 1024, with B of
/// 1000. Throws UsageError with a sentence.
[[nodiscard]] std::size_t parse_bytes(std::string_view text);

}  // namespace memsweep
