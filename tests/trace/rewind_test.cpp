// The layout before the first event, taken back from the layout after the last.
#include "harness/trace/rewind.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/trace/history.h"

namespace memsweep {
namespace {

using testing::alloc;
using testing::event;
using testing::free_completed;
using testing::free_requested;
using testing::kMiB;
using testing::kSegment;
using testing::refusal;

constexpr std::size_t kSmall = 2 * kMiB;   // a segment of the small pool
constexpr std::size_t kLarge = 20 * kMiB;  // of the large pool; also its page

BlockSnapshot live(Address address, std::size_t size, std::size_t requested) {
  return {address, size, requested, BlockState::live};
}
BlockSnapshot pending(Address address, std::size_t size, std::size_t requested) {
  return {address, size, requested, BlockState::pending};
}
BlockSnapshot unused(Address address, std::size_t size) { return {address, size, 0, BlockState::free}; }
BlockSnapshot unmapped(Address address, std::size_t size) { return {address, size, 0, BlockState::unmapped}; }

SegmentSnapshot segment(PoolKind pool, std::vector<BlockSnapshot> blocks) {
  SegmentSnapshot segment{.address = blocks.front().address, .pool = pool, .blocks = {}};
  for (const BlockSnapshot& block : blocks) {
    segment.size += block.size;
    if (block.state == BlockState::live) segment.allocated += block.size;
    if (block.state == BlockState::live || block.state == BlockState::pending) {
      segment.active += block.size;
      segment.requested += block.requested;
    }
  }
  segment.blocks = std::move(blocks);
  return segment;
}
SegmentSnapshot small(std::vector<BlockSnapshot> blocks) {
  return segment(PoolKind::small, std::move(blocks));
}
SegmentSnapshot large(std::vector<BlockSnapshot> blocks) {
  return segment(PoolKind::large, std::move(blocks));
}
SegmentSnapshot expandable(std::vector<BlockSnapshot> blocks) {
  SegmentSnapshot run = large(std::move(blocks));
  run.expandable = true;
  return run;
}

using Layout = std::vector<SegmentSnapshot>;

Layout before(std::vector<Event> events, Layout after, const AllocatorSettings& settings = {}) {
  Recording recording = testing::history(std::move(events));
  recording.segments = std::move(after);
  return layout_before(recording, settings);
}

TEST(LayoutBefore, IsTheLayoutAfterWhereNothingHappened) {
  const Layout layout{small(
      {live(kSegment, 512, 500), pending(kSegment + 512, 512, 1), unused(kSegment + 1024, kSmall - 1024)})};
  EXPECT_EQ(before({}, layout), layout);
}

TEST(LayoutBefore, IsEmptyWhereNoLayoutIsKnown) {
  EXPECT_TRUE(layout_before(testing::history({alloc(kSegment, 512)}), {}).empty());
}

TEST(LayoutBefore, AShortageChangesNothing) {
  const Layout layout{small({unused(kSegment, kSmall)})};
  EXPECT_EQ(before({event(Action::oom, 0, 512)}, layout), layout);
}

TEST(LayoutBefore, AnAllocationTakenBackLeavesAFreeBlock) {
  EXPECT_EQ(before({alloc(kSegment, 500)},
                   {small({live(kSegment, 512, 500), unused(kSegment + 512, kSmall - 512)})}),
            Layout{small({unused(kSegment, kSmall)})});
}

TEST(LayoutBefore, AnAllocationTakenBackJoinsTheFreeBlocksAroundIt) {
  EXPECT_EQ(before({alloc(kSegment + 1024, 512)},
                   {small({live(kSegment, 512, 512), unused(kSegment + 512, 512),
                           live(kSegment + 1024, 512, 512), unused(kSegment + 1536, kSmall - 1536)})}),
            Layout{small({live(kSegment, 512, 512), unused(kSegment + 512, kSmall - 512)})});
}

TEST(LayoutBefore, AFreeTakenBackLeavesALiveBlockOfTheRoundedSize) {
  EXPECT_EQ(before({free_requested(kSegment + 512, 700), free_completed(kSegment + 512, 700)},
                   {small({unused(kSegment, kSmall)})}),
            Layout{small({unused(kSegment, 512), live(kSegment + 512, 1024, 700),
                          unused(kSegment + 1536, kSmall - 1536)})});
}

TEST(LayoutBefore, AFreeTakenBackUndoesTheMergeWithBothNeighbours) {
  EXPECT_EQ(before({free_requested(kSegment + 512, 512), free_completed(kSegment + 512, 512),
                    free_requested(kSegment, 512), free_completed(kSegment, 512),
                    free_requested(kSegment + 1024, 512), free_completed(kSegment + 1024, 512)},
                   {small({unused(kSegment, kSmall)})}),
            Layout{small({live(kSegment, 512, 512), live(kSegment + 512, 512, 512),
                          live(kSegment + 1024, 512, 512), unused(kSegment + 1536, kSmall - 1536)})});
}

TEST(LayoutBefore, AFreeThatHadBeenAskedForEarlierLeavesAPendingBlock) {
  EXPECT_EQ(before({free_completed(kSegment, 512)}, {small({unused(kSegment, kSmall)})}),
            Layout{small({pending(kSegment, 512, 512), unused(kSegment + 512, kSmall - 512)})});
}

TEST(LayoutBefore, AFreeThatStillWaitsLeavesALiveBlock) {
  EXPECT_EQ(before({free_requested(kSegment, 500)},
                   {small({pending(kSegment, 512, 500), unused(kSegment + 512, kSmall - 512)})}),
            Layout{small({live(kSegment, 512, 500), unused(kSegment + 512, kSmall - 512)})});
}

TEST(LayoutBefore, ARemainderTooSmallToBeSplitOffBelongsToTheBlock) {
  EXPECT_EQ(before({free_requested(kSegment, kLarge - kMiB), free_completed(kSegment, kLarge - kMiB)},
                   {large({unused(kSegment, kLarge)})}),
            Layout{large({live(kSegment, kLarge, kLarge - kMiB)})});
}

TEST(LayoutBefore, ALargeBlockIsSplitFromALargeRemainder) {
  EXPECT_EQ(before({free_requested(kSegment, 4 * kMiB), free_completed(kSegment, 4 * kMiB)},
                   {large({unused(kSegment, kLarge)})}),
            Layout{large({live(kSegment, 4 * kMiB, 4 * kMiB), unused(kSegment + 4 * kMiB, 16 * kMiB)})});
}

TEST(LayoutBefore, TheNextBlockBehindItShowsAnUnsplitRemainder) {
  const Address behind = kSegment + 5 * kMiB;
  EXPECT_EQ(
      before({alloc(behind, 4 * kMiB), free_requested(behind, 4 * kMiB), free_completed(behind, 4 * kMiB),
              free_requested(kSegment, 9 * kMiB / 2), free_completed(kSegment, 9 * kMiB / 2)},
             {large({unused(kSegment, kLarge)})}),
      Layout{large({live(kSegment, 5 * kMiB, 9 * kMiB / 2), unused(behind, 15 * kMiB)})});
}

TEST(LayoutBefore, ASegmentThatWasTakenIsNotThereBefore) {
  EXPECT_EQ(before({event(Action::segment_alloc, kSegment, kSmall), alloc(kSegment, 512)},
                   {small({live(kSegment, 512, 512), unused(kSegment + 512, kSmall - 512)})}),
            Layout{});
}

TEST(LayoutBefore, ASegmentThatWasGivenBackIsThereBeforeWithItsBlocks) {
  EXPECT_EQ(before({free_requested(kSegment, 512), free_completed(kSegment, 512),
                    event(Action::segment_free, kSegment, kSmall),
                    event(Action::segment_free, kSegment + kLarge, kLarge)},
                   {}),
            (Layout{small({live(kSegment, 512, 512), unused(kSegment + 512, kSmall - 512)}),
                    large({unused(kSegment + kLarge, kLarge)})}));
}

TEST(LayoutBefore, ASegmentThatCameAndWentIsNotThere) {
  EXPECT_EQ(
      before({event(Action::segment_alloc, kSegment, kSmall), event(Action::segment_free, kSegment, kSmall)},
             {}),
      Layout{});
}

TEST(LayoutBefore, PagesThatWereMappedAreNotThereBefore) {
  const Address middle = kSegment + kLarge;
  const Layout after{expandable({unused(kSegment, 3 * kLarge)})};
  EXPECT_EQ(before({event(Action::segment_map, middle, kLarge)}, after),
            (Layout{expandable({unused(kSegment, kLarge)}), expandable({unused(middle + kLarge, kLarge)})}));
  EXPECT_EQ(before({event(Action::segment_map, kSegment, kLarge)}, after),
            Layout{expandable({unused(middle, 2 * kLarge)})});
  EXPECT_EQ(before({event(Action::segment_map, middle, 2 * kLarge)}, after),
            Layout{expandable({unused(kSegment, kLarge)})});
}

TEST(LayoutBefore, PagesThatWereGivenBackJoinThoseAroundThem) {
  const Address middle = kSegment + kLarge;
  EXPECT_EQ(before({event(Action::segment_unmap, middle, kLarge)},
                   {expandable({unused(kSegment, kLarge)}), expandable({unused(middle + kLarge, kLarge)})}),
            Layout{expandable({unused(kSegment, 3 * kLarge)})});
}

TEST(LayoutBefore, PagesThatWereGivenBackDoNotJoinThoseOfAnotherStream) {
  const Address next = kSegment + kLarge;
  SegmentSnapshot other = expandable({unused(next, kLarge)});
  other.stream = 7;
  EXPECT_EQ(before({event(Action::segment_unmap, kSegment, kLarge)}, {other}),
            (Layout{expandable({unused(kSegment, kLarge)}), other}));
}

struct Impossible {
  std::string name;
  std::vector<Event> events;
  Layout after;
  std::string sentence;  // without its end
};

void PrintTo(const Impossible& impossible, std::ostream* out) { *out << impossible.name; }

class ImpossibleRewind : public ::testing::TestWithParam<Impossible> {};

TEST_P(ImpossibleRewind, IsRefusedWithItsEvent) {
  EXPECT_EQ(refusal([] { (void)before(GetParam().events, GetParam().after); }),
            GetParam().sentence + ": the recording contradicts its own layout");
}

const Layout kUnused{small({unused(kSegment, kSmall)})};
const Layout kPages{expandable({unused(kSegment, 2 * kLarge)})};

INSTANTIATE_TEST_SUITE_P(
    Each, ImpossibleRewind,
    ::testing::Values(
        Impossible{"a_block_that_is_not_there",
                   {alloc(kSegment, 512)},
                   kUnused,
                   "event 0 (alloc 0x7f0000000000) allocates a block that is not there afterwards"},
        Impossible{"a_block_that_is_pending_unasked",
                   {alloc(kSegment, 512), free_completed(kSegment, 512)},
                   kUnused,
                   "event 0 (alloc 0x7f0000000000) allocates a block that nobody frees afterwards"},
        Impossible{"a_free_of_a_block_that_lives_on",
                   {free_requested(kSegment, 512)},
                   {small({live(kSegment, 512, 512), unused(kSegment + 512, kSmall - 512)})},
                   "event 0 (free_requested 0x7f0000000000) frees a block that lives on afterwards"},
        Impossible{"a_free_that_never_ends",
                   {free_requested(kSegment, 512)},
                   kUnused,
                   "event 0 (free_requested 0x7f0000000000) frees a block whose free does not end "
                   "afterwards"},
        Impossible{"a_double_free",
                   {free_requested(kSegment, 512), free_completed(kSegment, 512),
                    free_requested(kSegment, 512), free_completed(kSegment, 512)},
                   kUnused,
                   "event 1 (free_completed 0x7f0000000000) ends a block that is there afterwards"},
        Impossible{"a_free_of_the_end_of_a_block",
                   {free_completed(kSegment + 512, 512)},
                   {small({live(kSegment, 1024, 1024), unused(kSegment + 1024, kSmall - 1024)})},
                   "event 0 (free_completed 0x7f0000000200) ends a block where another one is"},
        Impossible{"a_free_that_reaches_into_a_block",
                   {free_completed(kSegment, 513)},
                   {small({unused(kSegment, 512), live(kSegment + 512, 512, 1),
                           unused(kSegment + 1024, kSmall - 1024)})},
                   "event 0 (free_completed 0x7f0000000000) ends a block where another one is"},
        Impossible{"blocks_that_overlapped",
                   {free_completed(kSegment, 1024), free_completed(kSegment + 512, 1024)},
                   kUnused,
                   "event 0 (free_completed 0x7f0000000000) ends a block where another one is"},
        Impossible{"a_free_outside_of_all_segments",
                   {free_completed(kSegment + kSmall, 512)},
                   kUnused,
                   "event 0 (free_completed 0x7f0000200000) ends a block that lies in no segment"},
        Impossible{"a_free_beyond_its_segment",
                   {free_completed(kSegment + kSmall - 512, 513)},
                   kUnused,
                   "event 0 (free_completed 0x7f00001ffe00) ends a block that lies in no segment"},
        Impossible{"a_free_that_wraps_around",
                   {free_completed(kSegment, ~std::size_t{0} - kSegment)},
                   kUnused,
                   "event 0 (free_completed 0x7f0000000000) ends a block that lies in no segment"},
        Impossible{"a_segment_that_is_not_there",
                   {event(Action::segment_alloc, kSegment + kSmall, kSmall)},
                   kUnused,
                   "event 0 (segment_alloc 0x7f0000200000) takes a segment that is not there afterwards"},
        Impossible{"a_segment_of_another_size",
                   {event(Action::segment_alloc, kSegment, kLarge)},
                   kUnused,
                   "event 0 (segment_alloc 0x7f0000000000) takes a segment that is not there afterwards"},
        Impossible{"a_segment_of_pages",
                   {event(Action::segment_alloc, kSegment, 2 * kLarge)},
                   kPages,
                   "event 0 (segment_alloc 0x7f0000000000) takes a segment that is not there afterwards"},
        Impossible{"a_new_segment_with_a_block_in_it",
                   {event(Action::segment_alloc, kSegment, kSmall), free_completed(kSegment, 512)},
                   kUnused,
                   "event 0 (segment_alloc 0x7f0000000000) takes a segment in which a block was before"},
        Impossible{"a_segment_given_back_that_is_there",
                   {event(Action::segment_free, kSegment, kSmall)},
                   kUnused,
                   "event 0 (segment_free 0x7f0000000000) gives back a segment that is there afterwards"},
        Impossible{"a_segment_given_back_within_another",
                   {event(Action::segment_free, kSegment + kMiB, kSmall)},
                   kUnused,
                   "event 0 (segment_free 0x7f0000100000) gives back a segment that is there afterwards"},
        Impossible{"pages_that_are_not_there",
                   {event(Action::segment_map, kSegment + 2 * kLarge, kLarge)},
                   kPages,
                   "event 0 (segment_map 0x7f0002800000) maps pages that are not there afterwards"},
        Impossible{"more_pages_than_are_there",
                   {event(Action::segment_map, kSegment + kLarge, 2 * kLarge)},
                   kPages,
                   "event 0 (segment_map 0x7f0001400000) maps pages that are not there afterwards"},
        Impossible{"pages_of_a_whole_segment",
                   {event(Action::segment_map, kSegment, kSmall)},
                   kUnused,
                   "event 0 (segment_map 0x7f0000000000) maps pages that are not there afterwards"},
        Impossible{"new_pages_with_a_block_in_them",
                   {event(Action::segment_map, kSegment + kLarge, kLarge),
                    free_completed(kSegment + kLarge - kMiB, 2 * kMiB)},
                   kPages,
                   "event 0 (segment_map 0x7f0001400000) maps pages in which a block was before"},
        Impossible{"pages_given_back_that_are_there",
                   {event(Action::segment_unmap, kSegment + kLarge, kLarge)},
                   kPages,
                   "event 0 (segment_unmap 0x7f0001400000) gives back pages that are there afterwards"}),
    [](const auto& instance) { return instance.param.name; });

TEST(WithRanges, SegmentsThatAreNotExpandableStayAsTheyAre) {
  const Layout layout{small({unused(kSegment, kSmall)}), large({unused(kSegment + kLarge, kLarge)})};
  EXPECT_EQ(with_ranges(layout, {}, {}, 4 * kLarge), layout);
}

TEST(WithRanges, RunsOfOneStreamAndPoolShareARangeWithUnmappedPagesBetweenThem) {
  const Layout ranges = with_ranges(
      {expandable({live(kSegment, kLarge, kLarge)}), expandable({unused(kSegment + 2 * kLarge, kLarge)})}, {},
      {}, 5 * kLarge);
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].address, kSegment);
  EXPECT_EQ(ranges[0].size, 5 * kLarge);
  EXPECT_EQ(ranges[0].blocks,
            (std::vector<BlockSnapshot>{live(kSegment, kLarge, kLarge), unmapped(kSegment + kLarge, kLarge),
                                        unused(kSegment + 2 * kLarge, kLarge),
                                        unmapped(kSegment + 3 * kLarge, 2 * kLarge)}));
}

TEST(WithRanges, EachStreamHasARangeOfItsOwn) {
  SegmentSnapshot other = expandable({unused(kSegment + 8 * kLarge, kLarge)});
  other.stream = 7;
  const Layout ranges = with_ranges({expandable({unused(kSegment, kLarge)}), other}, {}, {}, 2 * kLarge);
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[1].address, other.address);
  EXPECT_EQ(ranges[1].stream, 7u);
}

TEST(WithRanges, ARangeBeginsAtTheLowestPageThatIsEverMapped) {
  const Layout ranges =
      with_ranges({expandable({unused(kSegment + kLarge, kLarge)})},
                  {event(Action::segment_map, kSegment, kLarge), alloc(kSegment, kLarge)}, {}, 4 * kLarge);
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].address, kSegment);
  EXPECT_EQ(ranges[0].blocks[0], unmapped(kSegment, kLarge));
}

TEST(WithRanges, ARangeIsNeverShorterThanItsPages) {
  const Layout ranges = with_ranges({expandable({unused(kSegment, 3 * kLarge)})}, {}, {}, kLarge);
  EXPECT_EQ(ranges[0].size, 3 * kLarge);
}

}  // namespace
}  // namespace memsweep
