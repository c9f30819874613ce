// Logs of RMM's logging resource adaptor.
#include <gtest/gtest.h>

#include <string>

#include "harness/base/errors.h"
#include "harness/trace/read_recording.h"
#include "tests/trace/scratch.h"

namespace memsweep {
namespace {

const std::string kHeader = "Thread,Time,Action,Pointer,Size,Stream\n";

Recording read(const std::string& lines) {
  const testing::ScratchFolder folder;
  testing::write_file(folder / "log.csv", kHeader + lines);
  return read_recording(folder / "log.csv");
}

TEST(RmmLog, GivesAllocationsFreesAndFailuresInOrder) {
  const Recording recording = read(
      "1,10:00:00.000001,allocate,0x7f0000000000,1024,0x0\n"
      "1,10:00:00.000002,allocate failure,(nil),4096,0x7\n"
      "1,10:00:00.000003,free,0x7f0000000000,1024,0x0\n");
  ASSERT_EQ(recording.events.size(), 4u);
  EXPECT_EQ(recording.events[0].action, Action::alloc);
  EXPECT_EQ(recording.events[0].address, 0x7f0000000000u);
  EXPECT_EQ(recording.events[0].size, 1024u);
  EXPECT_EQ(recording.events[0].time_us, 36'000'000'001);
  EXPECT_EQ(recording.events[1].action, Action::oom);
  EXPECT_EQ(recording.events[1].size, 4096u);
  EXPECT_EQ(recording.events[1].stream, 7u);
  EXPECT_EQ(recording.events[2].action, Action::free_requested);
  EXPECT_EQ(recording.events[3].action, Action::free_completed);
  EXPECT_FALSE(recording.segments) << "it says nothing of a layout";
}

class MalformedRmmLog : public ::testing::TestWithParam<const char*> {};

TEST_P(MalformedRmmLog, IsRefusedWithItsLine) {
  try {
    static_cast<void>(read(std::string("1,10:00:00,allocate,0x100,512,0x0\n") + GetParam() + "\n"));
    FAIL() << "it was read";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("line 3"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Lines, MalformedRmmLog,
                         ::testing::Values("1,10:00:00,allocate,0x100,512,0x0",
                                           "1,10:00:00,free,0x200,512,0x0", "1,10:00:00,free,0x100,1024,0x0",
                                           "1,10:00:00,grow,0x100,512,0x0", "1,10:00:00,free,0x100,512",
                                           "1,10:00:00,free,0x100,-1,0x0", "1,soon,free,0x100,512,0x0",
                                           "1,10:00:00,free,there,512,0x0"));

}  // namespace
}  // namespace memsweep
