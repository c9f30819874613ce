#include "harness/sweep/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 7> kNames{"fits",    "flushing", "capacity", "fragmentation",
                                                 "foreign", "limit",    "cache"};

}  // namespace

std::string_view name_of(Verdict verdict) { return kNames[static_cast<std::size_t>(verdict)]; }

Verdict verdict_of(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) throw std::invalid_argument(fmt::format("there is no verdict '{}'", name));
  return static_cast<Verdict>(found - kNames.begin());
}

Verdict diagnose(const Shortage& s) {
  if (s.limit != 0 && s.device_total - s.device_used >= s.segment) return Verdict::limit;
  const std::size_t needed = s.allocated + s.requested;
  if (needed > s.device_total) return Verdict::capacity;
  const std::size_t others = s.device_used - std::min(s.device_used, s.reserved);
  if (needed + others > s.device_total) {
    if (needed + others - s.cached_by_others <= s.device_total) return Verdict::cache;
    return others > s.device_before ? Verdict::foreign : Verdict::capacity;
  }
  return Verdict::fragmentation;
}

Verdict diagnose(const OutOfMemory& refused, std::size_t used_before, std::size_t cached_by_others) {
  switch (refused.cause) {
    case OutOfMemory::Cause::absurd: return Verdict::capacity;
    case OutOfMemory::Cause::rejected: return Verdict::limit;
    case OutOfMemory::Cause::exhausted: break;
  }
  return diagnose({.requested = refused.rounded,
                   .segment = refused.tried,
                   .allocated = refused.allocated,
                   .reserved = refused.reserved,
                   .device_total = refused.device_total,
                   .device_used = refused.device_total - refused.device_free,
                   .device_before = used_before,
                   .limit = refused.limit.value_or(0),
                   .cached_by_others = cached_by_others});
}

}  // namespace memsweep
