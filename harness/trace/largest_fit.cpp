#include "harness/trace/largest_fit.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "harness/memory/size_rules.h"

namespace memsweep {
namespace {

/// Of sizes, within which a smaller request asks the device for no more than a larger one.
struct Range {
  std::size_t bottom, top;
};
constexpr std::array<Range, 3> kRanges{{{kMinLarge, kAbsurd - kMinBlock},
                                        {kSmallMax + kMinBlock, kMinLarge - kMinBlock},
                                        {kMinBlock, kSmallMax}}};

class Search {
 public:
  Search(const Trace& trace, std::size_t operation, const std::function<FreshAllocator()>& fresh)
      : trace_(trace), fresh_(fresh) {
    trace_.operations.resize(operation + 1);
  }

  std::size_t run() {
    const std::size_t below = (std::max<std::size_t>(asked().bytes, 1) - 1) / kMinBlock * kMinBlock;
    std::size_t largest = 0;
    for (const Range& range : kRanges) {
      largest = largest_in({range.bottom, std::min(range.top, below)});
      if (largest != 0) break;
    }
    return std::max(largest, largest_block(largest, below));
  }

 private:
  Operation& asked() { return trace_.operations.back(); }

  bool fits(std::size_t bytes) {
    asked().bytes = bytes;
    const FreshAllocator fresh = fresh_();
    return !run_trace(trace_, *fresh.allocator, *fresh.source, *fresh.streams).failure;
  }

  /// 0: none fits.
  std::size_t largest_in(Range range) {
    if (range.top < range.bottom || !fits(range.bottom)) return 0;
    if (fits(range.top)) return range.top;
    while (range.top - range.bottom > kMinBlock) {
      const std::size_t middle = range.bottom + (range.top - range.bottom) / kMinBlock / 2 * kMinBlock;
      (fits(middle) ? range.bottom : range.top) = middle;
    }
    return range.bottom;
  }

  /// Of the free blocks that the request meets, the largest that serves one of its own size. 0: none.
  std::size_t largest_block(std::size_t above, std::size_t top) {
    for (const std::size_t bytes : free_sizes()) {
      if (bytes > above && bytes <= top && fits(bytes)) return bytes;
    }
    return 0;
  }

  std::set<std::size_t, std::greater<>> free_sizes() {
    Trace before = trace_;
    before.operations.pop_back();
    const FreshAllocator fresh = fresh_();
    static_cast<void>(run_trace(before, *fresh.allocator, *fresh.source, *fresh.streams));
    std::set<std::size_t, std::greater<>> sizes;
    for (const SegmentSnapshot& segment : fresh.allocator->snapshot()) {
      for (const BlockSnapshot& block : segment.blocks) {
        if (block.state == BlockState::free) sizes.insert(block.size);
      }
    }
    return sizes;
  }

  Trace trace_;  // up to the request
  const std::function<FreshAllocator()>& fresh_;
};

}  // namespace

std::size_t largest_fit(const Trace& trace, std::size_t operation,
                        const std::function<FreshAllocator()>& fresh) {
  return Search(trace, operation, fresh).run();
}

}  // namespace memsweep
