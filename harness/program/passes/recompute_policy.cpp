#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/program/passes/recompute.h"

namespace memsweep {
namespace {

constexpr std::string_view kPolicies = "none, every:K, sqrt, segments:K or selective";

std::int32_t count_of(std::string_view policy, std::string_view digits) {
  const auto k = parse_number<std::int32_t>(digits);
  if (!k || *k < 1) {
    throw UsageError(fmt::format("'{}' needs a whole number of at least 1 behind the colon", policy));
  }
  return *k;
}

std::vector<BlockRange> every(std::int32_t k, std::int32_t blocks) {
  std::vector<BlockRange> segments;
  for (std::int32_t first = 0; first < blocks; first += k)
    segments.push_back({first, std::min(first + k, blocks)});
  return segments;
}

std::vector<BlockRange> sequential(std::int32_t k, std::int32_t blocks) {
  if (k > blocks) {
    throw UsageError(fmt::format("segments:{} needs at least {} blocks; the model has {}", k, k, blocks));
  }
  auto segments = every(blocks / k, blocks);
  segments.resize(static_cast<std::size_t>(k) - 1);
  return segments;
}

std::vector<BlockRange> segments_of(std::string_view policy, std::int32_t blocks) {
  if (policy == "none") return {};
  if (policy == "selective") return every(1, blocks);
  if (policy == "sqrt") {
    return every(std::max(1, static_cast<std::int32_t>(std::ceil(std::sqrt(blocks)))), blocks);
  }
  const auto colon = policy.find(':');
  const auto name = policy.substr(0, colon);
  if (colon != std::string_view::npos && name == "every") {
    return every(count_of(policy, policy.substr(colon + 1)), blocks);
  }
  if (colon != std::string_view::npos && name == "segments") {
    return sequential(count_of(policy, policy.substr(colon + 1)), blocks);
  }
  throw UsageError(fmt::format("'{}' is no recompute policy; use {}", policy, kPolicies));
}

}  // namespace

Recompute parse_recompute(std::string_view policy, std::int32_t blocks, bool reentrant) {
  Recompute recompute{segments_of(policy, blocks)};
  const bool selective = policy == "selective";
  if (selective && reentrant)
    throw UsageError("selective recomputation is not reentrant; leave --reentrant out, or use every:1");
  if (selective) recompute.checkpoint = Checkpoint::selective;
  if (reentrant) recompute.checkpoint = Checkpoint::reentrant;
  return recompute;
}

}  // namespace memsweep
