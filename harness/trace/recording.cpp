#include "harness/trace/recording.h"

#include <algorithm>
#include <array>

namespace memsweep {
namespace {

// torch/cuda/_memory_viz.py and torch/csrc/cuda/memory_snapshot.cpp, PyTorch 2.11 to 2.15; in the order of
// Action.
constexpr std::array<std::string_view, 8> kNames{
    "alloc",        "free_requested", "free_completed", "segment_alloc",
    "segment_free", "segment_map",    "segment_unmap",  "oom"};

}  // namespace

std::string_view name_of(Action action) { return kNames[static_cast<std::size_t>(action)]; }

std::optional<Action> action_of(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  return found == kNames.end() ? std::nullopt : std::optional(static_cast<Action>(found - kNames.begin()));
}

}  // namespace memsweep
