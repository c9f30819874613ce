// Snapshots that are JSON or a pickle, but not what PyTorch writes: one sentence that says where and what.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "harness/base/errors.h"
#include "harness/trace/input.h"
#include "harness/trace/pickle_writer.h"
#include "harness/trace/read_recording.h"
#include "tests/trace/history.h"

namespace memsweep {
namespace {

using Json = nlohmann::ordered_json;
using testing::refusal;

Json snapshot() {
  return Json::parse(R"({
    "segments": [
      {"device": 0, "address": 1048576, "total_size": 4096, "stream": 0, "segment_type": "small",
       "segment_pool_id": [0, 0], "is_expandable": false, "blocks": [
          {"address": 1048576, "size": 1024, "requested_size": 1000, "state": "active_allocated",
           "frames": [{"name": "f", "filename": "a.py", "line": 3}]},
          {"address": 1049600, "size": 3072, "requested_size": 0, "state": "inactive", "frames": []}]},
      {"device": 0, "address": 2097152, "total_size": 512, "stream": 0, "segment_type": "small", "blocks": [
          {"size": 512, "state": "active_allocated", "history": [{"real_size": 500, "frames": []}]}]}],
    "device_traces": [[
      {"action": "alloc", "addr": 1048576, "size": 1000, "stream": 0, "time_us": 7, "pool_id": [0, 0]},
      {"action": "oom", "device_free": 4096, "size": 8192, "stream": 0, "time_us": 8}]],
    "allocator_settings": {"PYTORCH_CUDA_ALLOC_CONF": "max_split_size_mb:64"}
  })");
}

void write(PickleWriter& writer, const Json& value) {
  if (value.is_object()) {
    writer.begin_dictionary();
    for (const auto& [key, entry] : value.items()) {
      writer.key(key);
      write(writer, entry);
    }
    writer.end_dictionary();
  } else if (value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number()) {
    writer.pair(value[0], value[1]);
  } else if (value.is_array()) {
    writer.begin_list();
    for (const Json& item : value) write(writer, item);
    writer.end_list();
  } else if (value.is_string()) {
    writer.text(value.get<std::string>());
  } else if (value.is_boolean()) {
    writer.boolean(value);
  } else if (value.is_number_float()) {
    writer.real(value);
  } else if (value.is_number_unsigned()) {
    writer.natural(value);
  } else {
    writer.integer(value);
  }
}

Recording read(const std::string& bytes, const ReadOptions& options = {}) {
  Input input("file", bytes);
  return read_recording(input, options);
}

Recording read_as_json(const Json& value, const ReadOptions& options = {}) {
  return read(value.dump(), options);
}

Recording read_as_pickle(const Json& value, const ReadOptions& options = {}) {
  std::ostringstream out;
  PickleWriter writer(out);
  write(writer, value);
  writer.finish();
  return read(out.str(), options);
}

bool fits_a_pickle(const Json& value) {
  const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() >> 63 != 0;
  return !too_large && !value.is_null();
}

struct Malformed {
  std::string where;          // JSON pointer
  std::optional<Json> value;  // that stands there; none: nothing does
  std::string sentence;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.where << " = " << (malformed.value ? malformed.value->dump() : "nothing");
}

/// Those that a pickle of protocol 2 can hold.
std::vector<Malformed> fit_for_a_pickle(std::vector<Malformed> list) {
  std::erase_if(list, [](const Malformed& m) { return m.value && !fits_a_pickle(*m.value); });
  return list;
}

class MalformedSnapshot : public ::testing::TestWithParam<Malformed> {
 protected:
  [[nodiscard]] static Json document() {
    const Json::json_pointer where(GetParam().where);
    Json document = snapshot();
    if (GetParam().value) {
      document[where] = *GetParam().value;
    } else {
      document[where.parent_pointer()].erase(where.back());
    }
    return document;
  }

  static void expect_refused(const std::string& refusal) {
    EXPECT_TRUE(refusal.starts_with("file, byte ")) << refusal;
    EXPECT_TRUE(refusal.ends_with(": " + GetParam().sentence)) << refusal;
  }
};

TEST(WellFormedSnapshot, IsReadFromJsonAndPickle) {
  EXPECT_EQ(read_as_json(snapshot()).events.size(), 2u);
  EXPECT_EQ(read_as_json(snapshot()), read_as_pickle(snapshot()));
}

class MalformedJson : public MalformedSnapshot {};

TEST_P(MalformedJson, IsRefused) {
  expect_refused(refusal([] { (void)read_as_json(document()); }));
}

class MalformedPickle : public MalformedSnapshot {};

TEST_P(MalformedPickle, IsRefused) {
  expect_refused(refusal([] { (void)read_as_pickle(document()); }));
}

const std::vector<Malformed> kSnapshot{
    Malformed{"", Json::object(),
              "the file holds no memory snapshot: it has neither segments nor device_traces"},
    Malformed{"/segments", 5, "the snapshot has a number as segments, where a list is expected"},
    Malformed{"/segments", Json::object(),
              "the snapshot has a dictionary as segments, where a list is expected"},
    Malformed{"/device_traces", "alloc",
              "the snapshot has a text as device_traces, where a list is expected"},
    Malformed{"/device_traces/0", Json::object(), "item 0 of device_traces is a dictionary, not a list"},
    Malformed{"/allocator_settings", Json::array(),
              "the snapshot has a list as allocator_settings, where a dictionary is expected"},
    Malformed{"/allocator_settings/PYTORCH_CUDA_ALLOC_CONF", 64,
              "allocator_settings has a number as PYTORCH_CUDA_ALLOC_CONF, where a text is expected"}};

INSTANTIATE_TEST_SUITE_P(Snapshot, MalformedJson, ::testing::ValuesIn(kSnapshot));
INSTANTIATE_TEST_SUITE_P(Snapshot, MalformedPickle, ::testing::ValuesIn(fit_for_a_pickle(kSnapshot)));

const std::vector<Malformed> kSegment{
    Malformed{"/segments/1", Json::array(), "segment 1 is a list, not a dictionary"},
    Malformed{"/segments/1/address", std::nullopt, "segment 1 has no address"},
    Malformed{"/segments/1/address", nullptr, "segment 1 has no address"},
    Malformed{"/segments/1/address", "2097152",
              "segment 1 has a text as address, where a number is expected"},
    Malformed{"/segments/1/address", 0, "segment 1 begins at address 0, where no device has memory"},
    Malformed{"/segments/1/address", -512,
              "segment 1 has a negative number as address, where a number is expected"},
    Malformed{"/segments/1/address", (std::uint64_t{1} << 60) - 511,
              "segment 1 begins at 0xffffffffffffe01: no device has memory beyond 2^60"},
    Malformed{"/segments/1/address", std::uint64_t{1} << 63,
              "segment 1 has 9223372036854775808 as address, where a number below 2^63 is expected"},
    Malformed{"/segments/1/address", 1048576, "segment 1 overlaps segment 0"},
    Malformed{"/segments/1/address", 1048576 + 3584, "segment 1 overlaps segment 0"},
    Malformed{"/segments/1/address", 1048576 - 256, "segment 0 overlaps segment 1"},
    Malformed{"/segments/0/total_size", std::nullopt, "segment 0 has no total_size"},
    Malformed{"/segments/0/total_size", 4096.0,
              "segment 0 has a real number as total_size, where a number is expected"},
    Malformed{"/segments/0/total_size", -4096,
              "segment 0 has a negative number as total_size, where a number is expected"},
    Malformed{"/segments/0/total_size", 0, "segment 0 has no bytes"},
    Malformed{"/segments/0/total_size", std::uint64_t{1} << 60,
              "segment 0 has 1152921504606846976 bytes, more than any device has"},
    Malformed{"/segments/0/total_size", ~std::uint64_t{0},
              "segment 0 has 18446744073709551615 as total_size, where a number below 2^63 is expected"},
    Malformed{"/segments/0/total_size", 4608, "segment 0 has blocks for 4096 of its 4608 bytes only"},
    Malformed{"/segments/0/total_size", 3584, "block 1 of segment 0 ends beyond its segment"},
    Malformed{"/segments/0/stream", "default", "segment 0 has a text as stream, where a number is expected"},
    Malformed{"/segments/0/device", -1,
              "segment 0 has a negative number as device, where a number is expected"},
    Malformed{"/segments/0/segment_type", "medium",
              "segment 0 has the segment_type 'medium', neither small nor large"},
    Malformed{"/segments/0/segment_pool_id", 0,
              "segment 0 has a number as segment_pool_id, where a pair of numbers is expected"},
    Malformed{"/segments/0/segment_pool_id", Json::array(),
              "segment 0 has a list as segment_pool_id, where a pair of numbers is expected"},
    Malformed{"/segments/0/is_expandable", "no",
              "segment 0 has a text as is_expandable, where a truth value is expected"},
    Malformed{"/segments/0/blocks", std::nullopt, "segment 0 has no blocks"},
    Malformed{"/segments/0/blocks", Json::object(),
              "segment 0 has a dictionary as blocks, where a list is expected"},
    Malformed{"/segments/0/blocks", Json::array(), "segment 0 has blocks for 0 of its 4096 bytes only"}};

INSTANTIATE_TEST_SUITE_P(Segment, MalformedJson, ::testing::ValuesIn(kSegment));
INSTANTIATE_TEST_SUITE_P(Segment, MalformedPickle, ::testing::ValuesIn(fit_for_a_pickle(kSegment)));

const std::vector<Malformed> kBlock{
    Malformed{"/segments/0/blocks/1", 3072, "block 1 of segment 0 is a number, not a dictionary"},
    Malformed{"/segments/0/blocks/1/size", std::nullopt, "block 1 of segment 0 has no size"},
    Malformed{"/segments/0/blocks/1/size", Json::array(),
              "block 1 of segment 0 has a list as size, where a number is expected"},
    Malformed{"/segments/0/blocks/1/size", -3072,
              "block 1 of segment 0 has a negative number as size, where a number is expected"},
    Malformed{"/segments/0/blocks/1/size", 0, "block 1 of segment 0 has no bytes"},
    Malformed{"/segments/0/blocks/1/size", 2560, "segment 0 has blocks for 3584 of its 4096 bytes only"},
    Malformed{"/segments/0/blocks/1/size", 3584, "block 1 of segment 0 ends beyond its segment"},
    Malformed{"/segments/0/blocks/1/size", (std::uint64_t{1} << 63) - 1,
              "block 1 of segment 0 ends beyond its segment"},
    Malformed{"/segments/0/blocks/1/address", 1050112,
              "block 1 of segment 0 does not begin at 0x100400, where the one before it ends"},
    Malformed{"/segments/0/blocks/0/state", std::nullopt, "block 0 of segment 0 has no state"},
    Malformed{"/segments/0/blocks/0/state", true,
              "block 0 of segment 0 has a truth value as state, where a text is expected"},
    Malformed{"/segments/0/blocks/0/state", "busy",
              "block 0 of segment 0 has the state 'busy', where active_allocated, active_pending_free or "
              "inactive is expected"},
    Malformed{"/segments/0/blocks/0/requested_size", 1025,
              "block 0 of segment 0 has 1024 bytes, fewer than the 1025 that were asked for"},
    Malformed{"/segments/0/blocks/0/frames", "a.py:3",
              "block 0 of segment 0 has a text as frames, where a list of frames is expected"},
    Malformed{"/segments/0/blocks/0/frames/0", "a.py:3",
              "the frames of a stack hold a text, not a dictionary"},
    Malformed{"/segments/0/blocks/0/frames/0/line", "3",
              "a stack frame has a text as line, where a number below 2^63 is expected"},
    Malformed{"/segments/1/blocks/0/history", 7,
              "block 0 of segment 1 has a number as history, where a list is expected"},
    Malformed{"/segments/1/blocks/0/history/0", 7,
              "entry 0 of the history of block 0 of segment 1 is a number, not a dictionary"},
    Malformed{"/segments/1/blocks/0/history/0/real_size", 513,
              "block 0 of segment 1 has 512 bytes, fewer than the 513 that were asked for"}};

INSTANTIATE_TEST_SUITE_P(Block, MalformedJson, ::testing::ValuesIn(kBlock));
INSTANTIATE_TEST_SUITE_P(Block, MalformedPickle, ::testing::ValuesIn(fit_for_a_pickle(kBlock)));

const std::vector<Malformed> kEvent{
    Malformed{"/device_traces/0/0", Json::array(), "event 0 of device 0 is a list, not a dictionary"},
    Malformed{"/device_traces/0/0/action", std::nullopt, "event 0 of device 0 has no action"},
    Malformed{"/device_traces/0/0/action", 1,
              "event 0 of device 0 has a number as action, where a text is expected"},
    Malformed{"/device_traces/0/0/addr", std::nullopt, "event 0 of device 0 has no addr"},
    Malformed{"/device_traces/0/0/addr", Json::object(),
              "event 0 of device 0 has a dictionary as addr, where a number is expected"},
    Malformed{"/device_traces/0/0/addr", 0,
              "event 0 of device 0 begins at address 0, where no device has memory"},
    Malformed{"/device_traces/0/0/addr", std::uint64_t{1} << 60,
              "event 0 of device 0 begins at 0x1000000000000000: no device has memory beyond 2^60"},
    Malformed{"/device_traces/0/0/size", std::nullopt, "event 0 of device 0 has no size"},
    Malformed{"/device_traces/0/0/size", 0, "event 0 of device 0 has no bytes"},
    Malformed{"/device_traces/0/0/size", -1,
              "event 0 of device 0 has a negative number as size, where a number is expected"},
    Malformed{"/device_traces/0/0/size", ~std::uint64_t{0},
              "event 0 of device 0 has 18446744073709551615 as size, where a number below 2^63 is "
              "expected"},
    Malformed{"/device_traces/0/0/stream", Json::array(),
              "event 0 of device 0 has a list as stream, where a number is expected"},
    Malformed{"/device_traces/0/0/time_us", "now",
              "event 0 of device 0 has a text as time_us, where a number below 2^63 is expected"},
    Malformed{"/device_traces/0/0/pool_id", "default",
              "event 0 of device 0 has a text as pool_id, where a pair of numbers is expected"},
    Malformed{"/device_traces/0/0/frames", 3,
              "event 0 of device 0 has a number as frames, where a list of frames is expected"},
    Malformed{"/device_traces/0/1/size", std::uint64_t{1} << 62,
              "event 1 of device 0 has 4611686018427387904 bytes, more than any device has"},
    Malformed{"/device_traces/0/1/device_free", -1,
              "event 1 of device 0 has a negative number as device_free, where a number is expected"},
    Malformed{"/device_traces/0/1/device_free", std::uint64_t{1} << 61,
              "event 1 of device 0 has 2305843009213693952 bytes, more than any device has"}};

INSTANTIATE_TEST_SUITE_P(Event, MalformedJson, ::testing::ValuesIn(kEvent));
INSTANTIATE_TEST_SUITE_P(Event, MalformedPickle, ::testing::ValuesIn(fit_for_a_pickle(kEvent)));

TEST(SnapshotContent, AFileThatIsNoDictionaryAndNoListIsNoSnapshot) {
  EXPECT_EQ(refusal([] { (void)read_as_pickle("text"); }).substr(0, 10), "file, byte");
  EXPECT_NE(refusal([] { (void)read_as_pickle("text"); }).find("holds a text, not a memory snapshot"),
            std::string::npos);
}

TEST(SnapshotContent, MayBeEmpty) {
  for (const char* text : {R"({"segments": [], "device_traces": []})", R"({"segments": []})", "[]"}) {
    const Recording recording = read_as_json(Json::parse(text));
    EXPECT_TRUE(recording.events.empty());
    ASSERT_TRUE(recording.segments);
    EXPECT_TRUE(recording.segments->empty());
  }
}

TEST(SnapshotContent, WithoutSegmentsHasNoLayout) {
  Json document = snapshot();
  document.erase("segments");
  EXPECT_FALSE(read_as_json(document).segments);
}

TEST(SnapshotContent, ActionsThatAReplayHasNoUseForAreIgnored) {
  Json document = snapshot();
  document["device_traces"][0].push_back({{"action", "snapshot"}, {"addr", 0}, {"size", 0}});
  document["device_traces"][0].push_back({{"action", "annotate"}});
  EXPECT_EQ(read_as_json(document), read_as_json(snapshot()));
}

TEST(SnapshotContent, KeysThatAreNotKnownAreIgnored) {
  Json document = snapshot();
  document["segments"][0]["colour"] = {1, {{"a", nullptr}}};
  document["weather"] = "fine";
  EXPECT_EQ(read_as_json(document), read_as_json(snapshot()));
}

class SeveralDevices : public ::testing::Test {
 protected:
  SeveralDevices() {
    document_["segments"][1]["device"] = 1;
    document_["segments"][1]["address"] = document_["segments"][0]["address"];
    Json busier = document_["device_traces"][0];
    busier.push_back(busier[0]);
    document_["device_traces"].push_back(busier);
  }

  Json document_ = snapshot();
};

TEST_F(SeveralDevices, MayUseTheSameAddresses) { EXPECT_NO_THROW((void)read_as_json(document_)); }

TEST_F(SeveralDevices, TheBusiestIsReadUnlessOneIsNamed) {
  const Recording busiest = read_as_json(document_);
  EXPECT_EQ(busiest.events.size(), 3u);
  EXPECT_EQ(busiest.segments->front().size, 512u);
  EXPECT_EQ(busiest.left_out, 3u) << "two events and a segment";
  const Recording first = read_as_json(document_, {.device = 0});
  EXPECT_EQ(first.events.size(), 2u);
  EXPECT_EQ(first.segments->front().size, 4096u);
}

TEST_F(SeveralDevices, OneThatIsNotThereIsRefused) {
  EXPECT_EQ(refusal([&] { (void)read_as_json(document_, {.device = 2}); }),
            "file has no device 2: it holds 0 to 1");
}

TEST_F(SeveralDevices, AMalformedEventIsNamedWithItsDevice) {
  document_["device_traces"][1][2].erase("size");
  EXPECT_TRUE(refusal([&] { (void)read_as_pickle(document_); }).ends_with("event 2 of device 1 has no size"));
}

}  // namespace
}  // namespace memsweep
