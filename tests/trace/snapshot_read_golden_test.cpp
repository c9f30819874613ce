// Snapshots that PyTorch wrote: whatever is in them is found.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/trace/read_recording.h"
#include "harness/trace/write_snapshot.h"
#include "tests/golden.h"
#include "tests/json.h"
#include "tests/trace/scratch.h"

namespace memsweep {
namespace {

std::vector<nlohmann::json> cases() {
  return testing::read_json_lines(testing::golden_root() / "snapshots" / "index.jsonl");
}

class GoldenSnapshot : public ::testing::TestWithParam<nlohmann::json> {
 protected:
  const nlohmann::json& index_ = GetParam();
  const std::filesystem::path file_ =
      testing::golden_root() / "snapshots" / index_.at("file").get<std::string>();
};

INSTANTIATE_TEST_SUITE_P(Snapshots, GoldenSnapshot, ::testing::ValuesIn(cases()), [](const auto& golden) {
  return testing::test_name(golden.param.at("file").template get<std::string>());
});

/// By Python's own reader: entries of actions that a recording ignores.
constexpr std::string_view kCountIgnored = R"(
import gzip, pickle, sys
known = "alloc free_requested free_completed segment_alloc segment_free segment_map segment_unmap oom".split()
traces = pickle.load(gzip.open(open(sys.argv[1]).read()))["device_traces"]
print(sum(entry["action"] not in known for entry in max(traces, key=len)), file=open(sys.argv[1], "w"))
)";

TEST_P(GoldenSnapshot, EveryEventAndSegmentIsRead) {
  const testing::ScratchFolder folder;
  testing::write_file(folder / "x", file_.string());
  testing::run_python(kCountIgnored, folder / "x");
  const std::size_t ignored = std::stoul(testing::content_of(folder / "x"));

  const Recording recording = read_recording(file_);
  EXPECT_EQ(recording.events.size(), index_.at("events").get<std::size_t>() - ignored);
  ASSERT_TRUE(recording.segments);
  EXPECT_EQ(recording.segments->size(), index_.at("segments").get<std::size_t>());
  EXPECT_EQ(recording.settings, index_.at("conf").get<std::string>());
  EXPECT_EQ(index_.at("pytorch").get<std::string>().substr(0, 4), release_name(recording.release));
  EXPECT_EQ(recording.left_out, 0u);
  EXPECT_EQ(recording.places.size() > 1, index_.at("frames").get<bool>());
}

TEST_P(GoldenSnapshot, WrittenAndReadAgainItIsTheSame) {
  const testing::ScratchFolder folder;
  const Recording recording = read_recording(file_);
  for (const char* const name : {"once.pickle", "once.json"}) {
    write_snapshot(recording, folder / name);
    const Recording again = read_recording(folder / name);
    EXPECT_TRUE(again == recording) << name;
    const std::filesystem::path twice = folder / ("again" + std::filesystem::path(name).extension().string());
    write_snapshot(again, twice);
    EXPECT_TRUE(testing::content_of(twice) == testing::content_of(folder / name)) << name;
  }
}

/// The same structure, field by field; of frames only whether there are any, of marks that a recording does
/// not hold nothing.
constexpr std::string_view kCompare = R"(
import gzip, pickle, sys
original = pickle.load(gzip.open(open(sys.argv[1]).read()))
ours = pickle.load(open(sys.argv[1] + ".pickle", "rb"))
assert list(ours) == list(original)
assert ours["allocator_settings"] == original["allocator_settings"]
assert list(ours["allocator_settings"]) == list(original["allocator_settings"])
def without_frames(item):
    return {k: [without_frames(b) for b in v] if k == "blocks" else v for k, v in item.items() if k != "frames"}
assert list(map(without_frames, ours["segments"])) == list(map(without_frames, original["segments"]))
traces = [entry for entry in max(original["device_traces"], key=len) if entry["action"] != "snapshot"]
assert list(map(without_frames, ours["device_traces"][0])) == list(map(without_frames, traces))
for ours, theirs in zip(ours["device_traces"][0], traces):
    frames = ours.get("frames", [])
    assert len(frames) == min(1, len(theirs.get("frames", []))), (ours, theirs)
    assert all(frame in theirs["frames"] for frame in frames)
)";

TEST_P(GoldenSnapshot, WhatIsWrittenIsWhatPyTorchWrote) {
  const testing::ScratchFolder folder;
  testing::write_file(folder / "x", file_.string());
  write_snapshot(read_recording(file_), folder / "x.pickle");
  testing::run_python(kCompare, folder / "x");
}

}  // namespace
}  // namespace memsweep
