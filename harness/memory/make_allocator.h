// From settings to the allocator they name.
#pragma once

#include <memory>

#include "harness/memory/allocator.h"
#include "harness/memory/rules.h"
#include "harness/memory/settings.h"

namespace memsweep {

/// The allocator of `settings.backend`. The source and the streams must outlive it. UsageError where the
/// source lacks the pages that the backend, or expandable segments, need.
[[nodiscard]] std::unique_ptr<Allocator> make_allocator(SegmentSource& source,
                                                        const AllocatorSettings& settings,
                                                        PytorchRelease release,
                                                        Streams& streams = idle_streams());

}  // namespace memsweep
