#include "harness/trace/fresh_allocator.h"

#include "harness/memory/make_allocator.h"
#include "harness/memory/sources/counting.h"

namespace memsweep {

FreshAllocator fresh_allocator(const AllocatorSettings& settings, PytorchRelease release, DeviceSize device) {
  FreshAllocator fresh{std::make_unique<CountingSource>(device.total, device.used_before),
                       std::make_unique<TraceStreams>(), nullptr};
  fresh.allocator = make_allocator(*fresh.source, settings, release, *fresh.streams);
  return fresh;
}

}  // namespace memsweep
