// Eager PyTorch's training steps, recorded, against the same steps here on a simulated device: every level
// of memory after every phase of every step, and where memory ran out.

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "harness/device/device.h"
#include "harness/trace/input.h"
#include "scenarios/case.h"
#include "scenarios/case_result.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// A recorded run: a line of results.jsonl, or a side of a line of boundaries.jsonl.
struct Recording {
  std::string id;
  PytorchRelease release;
  Json run;

  [[nodiscard]] const Json& spec() const { return run.at("case"); }
};

/// The release of a folder: 2.11 in the root, others in folders of their name.
std::vector<std::pair<fs::path, PytorchRelease>> folders() {
  const fs::path root = testing::golden_root() / "pytorch";
  std::vector<std::pair<fs::path, PytorchRelease>> list{{root, PytorchRelease::v2_11}};
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory())
      list.emplace_back(entry.path(), parse_release(entry.path().filename().string()));
  }
  return list;
}

std::vector<Recording> recordings() {
  std::vector<Recording> list;
  for (const auto& [folder, release] : folders()) {
    const auto add = [&, r = release](const Json& run, std::string_view suffix) {
      list.push_back(
          {fmt::format("{}{}_{}", run.at("case").at("id").get<std::string>(), suffix, release_name(r)), r,
           run});
    };
    for (const Json& run : testing::read_json_lines(folder / "results.jsonl")) add(run, "");
    for (const Json& line : testing::read_json_lines(folder / "boundaries.jsonl")) {
      if (line.contains("fits")) add(line.at("fits"), "-fits");
      if (line.contains("fails")) add(line.at("fails"), "-fails");
    }
  }
  return list;
}

/// Whether cudaMallocAsync served it. The recorded device gives it granules without a pool: what is live is
/// PyTorch's, and where memory runs out is not the driver's. Such a run is compared where there is room.
bool of_driver_pool(const Case& one) { return one.alloc_conf.find("cudaMallocAsync") != std::string::npos; }

Case case_of(const Recording& recording) {
  Case one = read_case(recording.spec());
  one.training.release = recording.release;
  return one;
}

/// Why eager programs cannot express a recording; empty if they can.
std::string outside(const Recording& recording) {
  try {
    const Case one = case_of(recording);
    CaseProgram program(one);
    static_cast<void>(program(1));
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

/// Where cudaMallocAsync runs out of memory is not compared.
bool searchable(const Recording& search) {
  Recording smallest = search;
  smallest.run["case"]["batch"] = 1;
  return outside(smallest).empty() && !of_driver_pool(case_of(search));
}

PhaseRun rerun(const Recording& recording) {
  Case one = case_of(recording);
  if (of_driver_pool(one)) one.capacity *= 2;
  const auto device = make_sim(profile_of(one));
  return run_case(one, *device);
}

/// The sizes that a message states, in its order.
std::vector<std::string> sizes(const std::string& message) {
  std::vector<std::string> list;
  std::istringstream words(message);
  for (std::string before, word; words >> word; before = word) {
    for (std::string_view unit : {"bytes", "KiB", "MiB", "GiB"}) {
      if (word.starts_with(unit)) list.push_back(fmt::format("{} {}", before, unit));
    }
  }
  return list;
}

constexpr std::array kColumns{
    "step",           "phase",  "allocated",   "peak allocated", "reserved",    "peak reserved", "requested",
    "peak requested", "active", "peak active", "alloc retries",  "allocations", "segments"};

/// The recorded device counted cudaMallocAsync in single bytes, and PyTorch counts no requested bytes there.
bool comparable(std::string_view column, bool native) {
  const bool pages = column.ends_with("reserved"), requested = column.ends_with("requested");
  return native || !(pages || requested);
}

/// The first difference as a sentence; empty if there is none.
std::string first_difference(const Json& recorded, const Json& ours, bool native) {
  for (std::size_t i = 0; i < recorded.size() && i < ours.size(); ++i) {
    for (std::size_t c = 0; c < kColumns.size(); ++c) {
      if (recorded[i][c] == ours[i][c] || !comparable(kColumns[c], native)) continue;
      return fmt::format("step {} {}: {} is {}, recorded {}", recorded[i][0].dump(), recorded[i][1].dump(),
                         kColumns[c], ours[i][c].dump(), recorded[i][c].dump());
    }
  }
  const bool beyond = !native && ours.size() > recorded.size();
  if (recorded.size() != ours.size() && !beyond)
    return fmt::format("{} rows, recorded {}", ours.size(), recorded.size());
  return "";
}

/// A row of a failure without what is live now. PyTorch's rows were read when Python had caught the
/// exception, and so without what only the op that failed and the backward pass held: mostly one gradient on
/// its way. Here the row is that of the moment at which memory was refused, as in the message, whose sizes
/// are all compared.
Json without_live_bytes(Json row) {
  constexpr std::array<std::string_view, 3> kLive{"allocated", "requested", "active"};
  for (std::size_t c = 0; c < kColumns.size(); ++c) {
    if (std::find(kLive.begin(), kLive.end(), kColumns[c]) != kLive.end()) row.at(c) = nullptr;
  }
  return row;
}

class PytorchTraining : public ::testing::TestWithParam<Recording> {};

TEST_P(PytorchTraining, TakesTheBytesThatPytorchTakes) {
  const Recording& recording = GetParam();
  const bool native = !of_driver_pool(case_of(recording));
  const Json ours = result_json(recording.spec(), rerun(recording));
  EXPECT_EQ(first_difference(recording.run.at("rows"), ours.at("rows"), native), "");
  if (!native) return;  // where it runs out is the recorded device's own
  ASSERT_EQ(ours.at("outcome"), recording.run.at("outcome"));
  if (recording.run.at("outcome") != "oom") return;
  EXPECT_EQ(ours.at("after"), recording.run.at("after"));
  EXPECT_EQ(without_live_bytes(ours.at("at_failure")), without_live_bytes(recording.run.at("at_failure")));
  EXPECT_FALSE(sizes(ours.at("message")).empty());
  EXPECT_EQ(sizes(ours.at("message")), sizes(recording.run.at("message")));
}

std::vector<Recording> inside() {
  std::vector<Recording> list;
  for (Recording& recording : recordings()) {
    if (outside(recording).empty()) list.push_back(std::move(recording));
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Golden, PytorchTraining, ::testing::ValuesIn(inside()),
                         [](const auto& one) { return testing::test_name(one.param.id); });

/// The events of a release's cases, by id.
std::map<std::string, Json> recorded_events(const fs::path& folder) {
  std::map<std::string, Json> by_id;
  const fs::path file = folder / "events.jsonl.gz";
  if (!fs::exists(file)) return by_id;
  constexpr std::size_t kLongest = std::size_t{1} << 28;
  Input lines(file);
  for (std::string line; lines.line(line, kLongest);) {
    Json one = Json::parse(line);
    Json& events = by_id[one.at("id").get<std::string>()] = std::move(one.at("events"));
    while (events.back()[0] != "phase") events.erase(events.size() - 1);  // the script's own end
  }
  return by_id;
}

/// Autocast's cache is a hash table of host addresses: in which order it lets go of its casts is chance, so
/// casts that die one after the other are sorted. `ops` names the op that made each block.
Json with_casts_sorted(const Json& events, const Json& ops) {
  Json sorted = events;
  const auto frees_cast = [&ops](const Json& event) {
    return event[0] == "free" && event[1] < ops.size() && ops[event[1].get<std::size_t>()] == "cast";
  };
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::find_if_not(first, sorted.end(), frees_cast);
    std::sort(first, last);
    first = last == sorted.end() ? last : std::next(last);
  }
  return sorted;
}

/// The first event that is another one, as a sentence; empty if there is none.
std::string first_other_event(const Json& recorded, const Json& ours) {
  Json after = "the beginning";
  for (std::size_t i = 0; i < std::max(recorded.size(), ours.size()); ++i) {
    const Json theirs = i < recorded.size() ? recorded[i] : Json(), own = i < ours.size() ? ours[i] : Json();
    if (theirs != own)
      return fmt::format("event {} after {}: {}, recorded {}", i, after.dump(), own.dump(), theirs.dump());
    if (theirs[0] == "phase") after = theirs;
  }
  return "";
}

TEST(PytorchGolden, AllocatesAndFreesInPytorchsOrder) {
  std::size_t compared = 0;
  for (const auto& [folder, release] : folders()) {
    const auto events = recorded_events(folder);
    for (const Json& run : testing::read_json_lines(folder / "results.jsonl")) {
      const Recording recording{run.at("case").at("id").get<std::string>(), release, run};
      const auto recorded = events.find(recording.id);
      if (recorded == events.end() || !outside(recording).empty()) continue;
      const Json ours = events_json(recording.id, rerun(recording));
      const Json& ops = ours.at("ops");
      EXPECT_EQ(first_other_event(with_casts_sorted(recorded->second, ops),
                                  with_casts_sorted(ours.at("events"), ops)),
                "")
          << recording.id << " of " << release_name(release);
      ++compared;
    }
  }
  fmt::print("compared: the events of {} recordings\n", compared);
  EXPECT_GT(compared, 0u);
}

/// What a search says of the batches that it tried, told apart as finely as the recording does: "ok" and
/// "oom".
Json outcomes(const Json& tried) {
  Json list = Json::object();
  for (const auto& [batch, outcome] : tried.items()) {
    const auto text = outcome.get<std::string>();
    list[batch] = text.substr(0, text.find('@'));
  }
  return list;
}

TEST(PytorchGolden, SearchesFindPytorchsBoundaries) {
  std::size_t compared = 0;
  for (const auto& [folder, release] : folders()) {
    for (const Json& line : testing::read_json_lines(folder / "boundaries.jsonl")) {
      const Recording recording{line.at("case").at("id").get<std::string>(), release, line};
      if (!searchable(recording)) continue;
      SCOPED_TRACE(recording.id + " of " + std::string(release_name(release)));
      const Json ours = search_json(recording.spec(), case_of(recording));
      ++compared;
      if (line.contains("runs")) {
        EXPECT_EQ(ours.at("runs"), line.at("runs"));
        continue;
      }
      EXPECT_EQ(ours.at("largest"), line.at("largest"));
      EXPECT_EQ(outcomes(ours.at("tried")), outcomes(line.at("tried")));
    }
  }
  fmt::print("compared: {} searches\n", compared);
  EXPECT_GT(compared, 0u);
}

TEST(PytorchGolden, SaysWhichRecordingsAreLeftOutAndWhy) {
  std::map<std::string, std::size_t> reasons;
  std::size_t compared = 0;
  for (const Recording& recording : recordings()) {
    const std::string reason = outside(recording);
    ++(reason.empty() ? compared : reasons[reason]);
  }
  for (const auto& [reason, count] : reasons) fmt::print("left out: {} recordings: {}\n", count, reason);
  fmt::print("compared: {} recordings\n", compared);
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace memsweep
