#include "harness/memory/make_allocator.h"

#include "harness/memory/async.h"
#include "harness/memory/caching_allocator.h"
#include "harness/memory/direct.h"

namespace memsweep {

std::unique_ptr<Allocator> make_allocator(SegmentSource& source, const AllocatorSettings& settings,
                                          PytorchRelease release, Streams& streams) {
  switch (settings.backend) {
    case Backend::cuda_malloc_async:
      return std::make_unique<AsyncAllocator>(source, settings.memory_fraction, release, streams);
    case Backend::direct: return std::make_unique<DirectAllocator>(source);
    case Backend::native: break;
  }
  return std::make_unique<CachingAllocator>(source, settings, release, streams);
}

}  // namespace memsweep
