// Traces that no allocator can have left: one sentence that names the event or the line.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/memory/settings.h"
#include "harness/trace/fresh_allocator.h"
#include "harness/trace/input.h"
#include "harness/trace/read_recording.h"
#include "harness/trace/recorded_trace.h"
#include "harness/trace/run_trace.h"
#include "harness/trace/trace_of_log.h"
#include "tests/trace/history.h"
#include "tests/trace/short_log.h"

namespace memsweep {
namespace {

using testing::alloc;
using testing::free_completed;
using testing::free_requested;
using testing::history;
using testing::kMiB;
using testing::kSegment;
using testing::refusal;

Trace trace_of(std::vector<Event> events) { return trace_of(history(std::move(events)), {}, {}); }

struct Impossible {
  std::string name;
  std::vector<Event> events;
  std::string sentence;
};

void PrintTo(const Impossible& impossible, std::ostream* out) { *out << impossible.name; }

class ImpossibleHistory : public ::testing::TestWithParam<Impossible> {};

TEST_P(ImpossibleHistory, IsRefusedWithItsEvent) {
  EXPECT_EQ(refusal([] { (void)trace_of(GetParam().events); }), GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ImpossibleHistory,
    ::testing::Values(
        Impossible{"freed_twice",
                   {alloc(kSegment, 512), free_requested(kSegment, 512), free_completed(kSegment, 512),
                    free_requested(kSegment, 512), free_completed(kSegment, 512)},
                   "event 3 frees 0x7f0000000000, which is not allocated"},
        Impossible{"freed_again_while_it_waits",
                   {alloc(kSegment, 512), free_requested(kSegment, 512), alloc(kSegment + 512, 512),
                    free_requested(kSegment, 512)},
                   "event 3 frees 0x7f0000000000, which was freed before"},
        Impossible{
            "never_given",
            {alloc(kSegment, 1024), free_requested(kSegment + 512, 512), free_completed(kSegment + 512, 512)},
            "event 1 frees 0x7f0000000200, which is not allocated"},
        Impossible{"given_twice",
                   {alloc(kSegment, 512), alloc(kSegment, 512)},
                   "event 1 hands out 512 bytes at 0x7f0000000000, where 512 at 0x7f0000000000 are in use"},
        Impossible{"given_while_it_waits",
                   {alloc(kSegment, 512), free_requested(kSegment, 512), alloc(kSegment, 512)},
                   "event 2 hands out 512 bytes at 0x7f0000000000, where 512 at 0x7f0000000000 are in use"},
        Impossible{"into_the_end_of_a_block",
                   {alloc(kSegment, 1024), alloc(kSegment + 512, 512)},
                   "event 1 hands out 512 bytes at 0x7f0000000200, where 1024 at 0x7f0000000000 are in use"},
        Impossible{"into_the_beginning_of_a_block",
                   {alloc(kSegment + 512, 512), alloc(kSegment, 513)},
                   "event 1 hands out 513 bytes at 0x7f0000000000, where 512 at 0x7f0000000200 are in use"},
        Impossible{"around_a_block",
                   {alloc(kSegment + 512, 512), alloc(kSegment, 2048)},
                   "event 1 hands out 2048 bytes at 0x7f0000000000, where 512 at 0x7f0000000200 are in use"},
        Impossible{"ended_without_a_request",
                   {alloc(kSegment, 512), free_completed(kSegment, 512)},
                   "event 1 ends a free of 0x7f0000000000 that nobody asked for"},
        Impossible{"ended_twice",
                   {alloc(kSegment, 512), free_requested(kSegment, 512), free_completed(kSegment, 512),
                    free_completed(kSegment, 512)},
                   "event 3 ends a free of 0x7f0000000000 that nobody asked for"}),
    [](const auto& instance) { return instance.param.name; });

TEST(PossibleHistory, BlocksMayTouch) {
  EXPECT_EQ(trace_of({alloc(kSegment + 512, 512), alloc(kSegment, 512), alloc(kSegment + 1024, 512)}).blocks,
            3u);
}

TEST(PossibleHistory, MemoryIsGivenAgainAfterItsFree) {
  EXPECT_NO_THROW((void)trace_of({alloc(kSegment, 512), free_requested(kSegment, 512),
                                  free_completed(kSegment, 512), alloc(kSegment, 1024)}));
}

TEST(PossibleHistory, TimeMayRunBackwards) {
  std::vector<Event> events{alloc(kSegment, 512), free_requested(kSegment, 512),
                            free_completed(kSegment, 512)};
  events[0].time_us = 3'000'000;
  events[1].time_us = events[2].time_us = -5;
  EXPECT_EQ(trace_of(events).operations.size(), 2u);
}

TEST(PossibleHistory, ACapacityShowsOnlyWhereTheLayoutIsKnown) {
  Recording recording = history({testing::event(Action::oom, 3 * kMiB, 8 * kMiB)});
  EXPECT_EQ(capacity_of(recording), std::nullopt);
  recording.segments.emplace();
  EXPECT_EQ(capacity_of(recording), 3 * kMiB);
}

struct ImpossibleLine {
  std::string name;
  std::string lines;
  std::string sentence;  // with the line
};

void PrintTo(const ImpossibleLine& impossible, std::ostream* out) { *out << impossible.name; }

class ImpossibleRmmLog : public ::testing::TestWithParam<ImpossibleLine> {};

TEST_P(ImpossibleRmmLog, IsRefusedWithItsLine) {
  Input input("log.csv", "Thread,Time,Action,Pointer,Size,Stream\n" + GetParam().lines);
  EXPECT_EQ(refusal([&] { (void)read_recording(input); }), "log.csv, " + GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ImpossibleRmmLog,
    ::testing::Values(
        ImpossibleLine{"unknown_pointer", "1,0:0:0,free,0x100,512,0x0\n",
                       "line 2: frees 0x100, which is not allocated"},
        ImpossibleLine{"freed_twice",
                       "1,0:0:0,allocate,0x100,512,0x0\n1,0:0:0,free,0x100,512,0x0\n"
                       "1,0:0:0,free,0x100,512,0x0\n",
                       "line 4: frees 0x100, which is not allocated"},
        ImpossibleLine{"wrong_size", "1,0:0:0,allocate,0x100,512,0x0\n1,0:0:0,free,0x100,256,0x0\n",
                       "line 3: frees 256 bytes at 0x100, where 512 were allocated"},
        ImpossibleLine{"given_twice", "1,0:0:0,allocate,0x100,512,0x0\n1,0:0:0,allocate,0x100,256,0x0\n",
                       "line 3: allocates 256 bytes at 0x100, where 512 at 0x100 are not free"},
        ImpossibleLine{"into_a_block", "1,0:0:0,allocate,0x100,512,0x0\n1,0:0:0,allocate,0x200,256,0x0\n",
                       "line 3: allocates 256 bytes at 0x200, where 512 at 0x100 are not free"},
        ImpossibleLine{"over_a_block", "1,0:0:0,allocate,0x200,512,0x0\n1,0:0:0,allocate,0x100,257,0x0\n",
                       "line 3: allocates 257 bytes at 0x100, where 512 at 0x200 are not free"},
        ImpossibleLine{"beyond_memory", "1,0:0:0,allocate,0xfffffffffffffe00,512,0x0\n",
                       "line 2: allocates 512 bytes at 0xfffffffffffffe00: there is no memory beyond 2^60"},
        ImpossibleLine{"absurd_size", "1,0:0:0,allocate,0x100,18446744073709551615,0x0\n",
                       "line 2: allocates 18446744073709551615 bytes at 0x100: there is no memory beyond "
                       "2^60"},
        ImpossibleLine{"missing_column", "1,0:0:0,allocate,0x100,512\n",
                       "line 2: there are not 6 columns, as in Thread,Time,Action,Pointer,Size,Stream"},
        ImpossibleLine{"one_column_more", "1,0:0:0,allocate,0x100,512,0x0,7\n",
                       "line 2: there are not 6 columns, as in Thread,Time,Action,Pointer,Size,Stream"},
        ImpossibleLine{"no_stream", "1,0:0:0,allocate,0x100,512,0xffffffffffffffff\n",
                       "line 2: '0xffffffffffffffff' is no stream: those are below 2^63"}),
    [](const auto& instance) { return instance.param.name; });

TEST(PossibleRmmLog, AProgramMayHaveAskedForAbsurdlyMuch) {
  Input input("log.csv",
              "Thread,Time,Action,Pointer,Size,Stream\n"
              "1,0:0:0,allocate failure,0x0,18446744073709551615,0x0\n");
  const Trace trace = trace_of(read_recording(input), {}, {});
  const FreshAllocator fresh = fresh_allocator({}, PytorchRelease::v2_15, {64 * kMiB, 0});
  EXPECT_TRUE(run_trace(trace, *fresh.allocator, *fresh.source, *fresh.streams).failure);
}

TEST(ImpossibleOperationLog, AnAbsurdRequestIsNotServed) {
  EXPECT_EQ(refusal([] {
              (void)parse_operation_log(testing::log_of("a 1 1152921504606846976 0 1 200000000000 0 0 0\n"));
            }),
            "line 9: no device can serve 1152921504606846976 bytes");
}

TEST(PossibleOperationLog, ARequestForNothingMayBeSharedAndFreed) {
  const OperationLog log = parse_operation_log(
      testing::log_of("a 1 0 0 1 0 0 0 0\nr 1 0 1 1 0 0 0 0\nf 1 0 0 1 0 0 0 0\na 2 512 0 1 0 0 0 0\n"));
  const FreshAllocator fresh = fresh_allocator({}, log.release, {log.total_bytes, 0});
  const TraceResult result = run_trace(trace_of(log), *fresh.allocator, *fresh.source, *fresh.streams);
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.allocated_at_end, 512u);
}

}  // namespace
}  // namespace memsweep
