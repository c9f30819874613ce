#include "harness/memory/rules.h"

#include <fmt/format.h>

#include <array>

#include "harness/memory/errors.h"

namespace memsweep {
namespace {

struct Row {
  std::string_view name;
  AllocatorRules rules;
};

// One row per PytorchRelease, in its order. Measured on 2.11.0, 2.13.0 and 2.15.0, but for the last column:
// that came with pull request 188110 of June 2026, after 2.12; whether 2.13 has it was not established.
constexpr std::array<Row, 3> kReleases{{
    {"2.11", {false, false, false, false, false, false}},
    {"2.13", {true, true, true, false, false, true}},
    {"2.15", {true, true, true, true, true, true}},
}};

const Row& row(PytorchRelease release) noexcept { return kReleases[static_cast<std::size_t>(release)]; }

}  // namespace

PytorchRelease parse_release(std::string_view text) {
  for (std::size_t i = 0; i < kReleases.size(); ++i) {
    if (kReleases[i].name == text) return static_cast<PytorchRelease>(i);
  }
  throw UsageError(fmt::format("PyTorch release '{}' is not known; choose 2.11, 2.13 or 2.15", text));
}

std::string_view release_name(PytorchRelease release) noexcept { return row(release).name; }

const AllocatorRules& allocator_rules(PytorchRelease release) noexcept { return row(release).rules; }

}  // namespace memsweep
