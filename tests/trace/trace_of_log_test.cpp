#include "harness/trace/trace_of_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/memory/sources/counting.h"
#include "harness/trace/run_trace.h"
#include "tests/trace/short_log.h"

namespace memsweep {
namespace {

using testing::kLogOperations;
using testing::log_of;
using Kind = Operation::Kind;

/// "allocate 0 @9": what is done to which block, and the line.
std::vector<std::string> steps(const std::string& operations) {
  static const std::vector<std::string> kNames{"allocate",  "free",    "lend",
                                               "give_back", "attempt", "empty_cache"};
  std::vector<std::string> steps;
  for (const Operation& operation : trace_of(parse_operation_log(log_of(operations))).operations) {
    steps.push_back(kNames[static_cast<std::size_t>(operation.kind)] + ' ' + std::to_string(operation.block) +
                    " @" + std::to_string(operation.event));
  }
  return steps;
}

std::string allocate(int id) { return "a " + std::to_string(id) + " 512 0 1 0 0 0 0\n"; }
std::string free(int id) { return "f " + std::to_string(id) + " 0 0 1 0 0 0 0\n"; }
std::string record(int id, int stream) {
  return "r " + std::to_string(id) + " 0 " + std::to_string(stream) + " 1 0 0 0 0\n";
}
const std::string kHold = "h 1 0 0 1 0 0 0 0\n";
const std::string kRelease = "h 0 0 0 1 0 0 0 0\n";

TEST(TraceOfLog, keeps_what_the_program_asked_for) {
  const Trace trace = trace_of(parse_operation_log(log_of(kLogOperations)));
  EXPECT_EQ(trace.streams, (std::vector<Stream>{0, 0xa0}));
  EXPECT_EQ(trace.blocks, 3u);
  EXPECT_EQ(trace.operations.front().bytes, 5_MiB);
  EXPECT_EQ(trace.operations.back().kind, Kind::empty_cache);
  EXPECT_EQ(steps(kLogOperations),
            (std::vector<std::string>{"allocate 0 @10", "lend 0 @11", "free 0 @13", "give_back 0 @14",
                                      "attempt 1 @20", "allocate 2 @29", "empty_cache 0 @30"}));
}

TEST(TraceOfLog, a_lent_block_is_given_back_at_its_free_where_no_event_is_held) {
  EXPECT_EQ(steps(allocate(1) + record(1, 1) + free(1)),
            (std::vector<std::string>{"allocate 0 @9", "lend 0 @10", "free 0 @11", "give_back 0 @11"}));
}

TEST(TraceOfLog, its_own_stream_and_one_that_has_the_block_already_lend_nothing) {
  EXPECT_EQ(steps(allocate(1) + record(1, 0) + free(1)),
            (std::vector<std::string>{"allocate 0 @9", "free 0 @11"}));
  EXPECT_EQ(steps(kHold + allocate(1) + record(1, 1) + record(1, 1) + free(1) + kRelease),
            (std::vector<std::string>{"allocate 0 @10", "lend 0 @11", "free 0 @13", "give_back 0 @14"}));
}

TEST(TraceOfLog, events_pass_in_the_order_of_their_stream) {
  const std::string two = kHold + allocate(1) + allocate(2) + record(1, 1) + record(2, 1) + free(2) + free(1);
  const std::vector<std::string> common{"allocate 0 @10", "allocate 1 @11", "lend 0 @12",
                                        "lend 1 @13",     "free 1 @14",     "free 0 @15"};
  std::vector<std::string> one_passed = common;
  one_passed.emplace_back("give_back 1 @16");
  EXPECT_EQ(steps(two + "c 1 1 1 1 0 0 0 0\n"), one_passed);
  EXPECT_EQ(steps(two + "c 0 1 0 1 0 0 0 0\n"), common) << "another stream";
  std::vector<std::string> all_passed = one_passed;
  all_passed.emplace_back("give_back 0 @16");
  EXPECT_EQ(steps(two + "C 0 0 1 1 0 0 0 0\n"), all_passed);
  EXPECT_EQ(steps(two + kRelease), all_passed);
}

TEST(TraceOfLog, an_allocator_that_waited_for_events_had_all_of_them_pass) {
  const std::string shared = kHold + allocate(1) + record(1, 1) + free(1);
  EXPECT_EQ(steps(shared + "d event_sync 0 0 1\ne 0 0 0 1 0 0 0 0\n").back(), "give_back 0 @14");
  EXPECT_EQ(steps(shared + "e 0 0 0 1 0 0 0 0\n").back(), "empty_cache 0 @13");
}

TEST(TraceOfLog, runs_under_other_settings) {
  const Trace trace = trace_of(
      parse_operation_log(log_of("a 1 31457280 0 1 0 0 0 0\nf 1 0 0 1 0 0 0 0\na 2 33554432 0 1 0 0 0 0\n")));
  const auto reserved = [&trace](const std::string& settings) {
    CountingSource device(80_GiB);
    TraceStreams streams;
    CachingAllocator allocator(device, parse_settings(settings, PytorchRelease::v2_15), PytorchRelease::v2_15,
                               streams);
    return run_trace(trace, allocator, device, streams).peak.reserved;
  };
  EXPECT_EQ(reserved(""), 62_MiB);
  EXPECT_EQ(reserved("expandable_segments:True"), 40_MiB);
}

}  // namespace
}  // namespace memsweep
