#include "harness/cli/followed.h"

#include <algorithm>
#include <array>

namespace memsweep {
namespace {

// Of these experiments know nothing.
constexpr std::array<std::string_view, 6> kOfSweeps{"--batches",   "--scan",       "--recompute",
                                                    "--reentrant", "--time-limit", "--snapshot"};
// Nor of these where they make their own requests, under settings of their own.
constexpr std::array<std::string_view, 22> kOfSteps{
    "--mode",          "--loop",           "--accumulate",          "--clip",      "--offload",
    "--fuse",          "--keep-gradients", "--input-requires-grad", "--model",     "--activation",
    "--dropout",       "--layernorm",      "--batchnorm",           "--no-bias",   "--precision",
    "--no-cast-cache", "--fp32-loss",      "--grad-scaler",         "--optimizer", "--seed",
    "--steps",         "--alloc-conf"};

bool contains(auto&& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool follows(const Scenario& scenario, std::string_view option) {
  if (contains(scenario.varies, option)) return false;
  if (!has_experiments(scenario)) return true;
  return !contains(kOfSweeps, option) && !(scenario.self_contained && contains(kOfSteps, option));
}

}  // namespace memsweep
