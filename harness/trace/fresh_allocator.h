// Allocators that nobody has used yet, to run a trace on.
#pragma once

#include <cstddef>
#include <memory>

#include "harness/memory/allocator.h"
#include "harness/memory/rules.h"
#include "harness/memory/segment_source.h"
#include "harness/memory/settings.h"
#include "harness/trace/run_trace.h"

namespace memsweep {

struct DeviceSize {
  std::size_t total = 0;        // bytes
  std::size_t used_before = 0;  // by contexts and others, bytes
};

/// An allocator with what it needs to live.
struct FreshAllocator {
  std::unique_ptr<SegmentSource> source;
  std::unique_ptr<TraceStreams> streams;
  std::unique_ptr<Allocator> allocator;  // over the two
};

/// On a device of its own, which only counts. Throws UsageError.
[[nodiscard]] FreshAllocator fresh_allocator(const AllocatorSettings& settings, PytorchRelease release,
                                             DeviceSize device);

}  // namespace memsweep
