// The layout before the first event of a recording: its history may have been switched on late, or its ring
// buffer may have lost the beginning.
#pragma once

#include <vector>

#include "harness/memory/settings.h"
#include "harness/trace/recording.h"

namespace memsweep {

/// Takes the events back one by one from the layout after the last. Of a block that was freed since, the file
/// tells what was asked for only: its size follows from the rounding of `settings`, and a remainder too small
/// to be split off belongs to it, where the layout or the next block that is put behind it shows one. Empty
/// where the recording has no layout, or began with nothing. Throws UsageError naming the event that does not
/// fit.
[[nodiscard]] std::vector<SegmentSnapshot> layout_before(const Recording& recording,
                                                         const AllocatorSettings& settings);

/// The same with one segment for each range of address space that expandable segments lie in, its unmapped
/// pages shown as blocks: what an allocator can be restored from. A range is `range_bytes` long; where it
/// begins follows from the lowest page that is ever mapped.
[[nodiscard]] std::vector<SegmentSnapshot> with_ranges(std::vector<SegmentSnapshot> layout,
                                                       const std::vector<Event>& events,
                                                       const AllocatorSettings& settings,
                                                       std::size_t range_bytes);

}  // namespace memsweep
