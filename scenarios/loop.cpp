#include "scenarios/loop.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 6> kModes{"train",     "no_grad", "inference_mode",
                                                 "eval_grad", "leak",    "leak_trained"};
constexpr std::array<std::string_view, 3> kVariables{"standard", "del", "resident"};

/// The names stand in the order of the enumeration.
template <typename Enumeration, std::size_t N>
Enumeration parse(std::string_view what, std::string_view name,
                  const std::array<std::string_view, N>& names) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enumeration>(i);
  }
  throw UsageError(unknown(what, name, names));
}

}  // namespace

std::string_view name_of(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::string_view name_of(Variables variables) { return kVariables[static_cast<std::size_t>(variables)]; }
Mode parse_mode(std::string_view name) { return parse<Mode>("mode", name, kModes); }
Variables parse_variables(std::string_view name) { return parse<Variables>("loop", name, kVariables); }

std::string describe(const LoopOptions& loop) {
  std::vector<std::string> parts;
  if (loop.mode != Mode::train) parts.emplace_back(name_of(loop.mode));
  if (loop.variables != Variables::standard) parts.push_back(fmt::format("loop {}", name_of(loop.variables)));
  if (loop.micro_batches > 1) parts.push_back(fmt::format("accumulate {}", loop.micro_batches));
  if (loop.clip) parts.push_back(fmt::format("clip {}", loop.clip->max_norm));
  if (loop.offload) parts.emplace_back("offload");
  if (loop.fuse) parts.emplace_back("fuse");
  if (loop.input_requires_grad) parts.emplace_back("input requires grad");
  if (!loop.set_to_none) parts.emplace_back("gradients kept");
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace memsweep
