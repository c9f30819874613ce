// `memsweep run` and `memsweep advise` as a user starts them.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using namespace testing;
using Json = nlohmann::json;

const std::string kRun = "run --model mlp:16-16x4-4 --memory 16MiB --quiet ";

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> list;
  for (const std::string& line : lines(text)) list.push_back(parse_json(line));
  return list;
}

TEST(RunCommand, ShowsEveryPhaseWhoStoodAtThePeakAndTheSmallestDevice) {
  const TemporaryFolder folder;
  const Finished finished = run(folder, kRun + "--steps 2 --batch 8");
  expect_done(finished);
  const auto table = table_of(finished.out);
  ASSERT_EQ(table.size(), 2U + 2 * 6);
  EXPECT_EQ(table[0].at(0), "model");
  EXPECT_EQ(table.back().at(0), "zero_grad");
  EXPECT_TRUE(has(finished.out, "category"));
  EXPECT_TRUE(has(finished.out, "asked for by"));
  EXPECT_TRUE(has(finished.out, "Loss: "));
  EXPECT_TRUE(has(finished.out, "These steps need a device of "));
}

TEST(RunCommand, OnCpuAndSimulatedTakesTheSameBytes) {
  const TemporaryFolder folder;
  for (const std::string options :
       {"", "--accumulate 2 --clip 1", "--mode eval_grad", "--mode leak --loop del",
        "--precision autocast-bf16", "--model gpt-tiny --batch 2 --memory 64MiB"}) {
    const auto cpu = run(folder, kRun + "--device cpu --format csv " + options);
    const auto sim = run(folder, kRun + "--device sim --format csv " + options);
    expect_done(cpu);
    expect_done(sim);
    EXPECT_GT(lines(cpu.out).size(), 6U) << options;
    EXPECT_EQ(cpu.out, sim.out) << options;
  }
}

TEST(RunCommand, ReadsTheLossInItsOwnType) {
  const TemporaryFolder folder;
  const auto first_loss = [&](const std::string& precision) {
    const auto line =
        json_lines(run(folder, kRun + "--device cpu --format json --precision " + precision).out).at(0);
    return line.at("losses").at(0).get<double>();
  };
  const double exact = first_loss("fp32");
  EXPECT_NEAR(first_loss("bf16"), exact, 0.02 * exact);
  EXPECT_NEAR(first_loss("fp16"), exact, 0.002 * exact);
}

TEST(RunCommand, TheSmallestDeviceIsOneOnWhichTheStepsRunAndTheNextSmallerIsNot) {
  const TemporaryFolder folder;
  const auto line = json_lines(run(folder, kRun + "--device sim --batch 4096 --format json").out).at(0);
  EXPECT_EQ(line.at("outcome"), "ok");
  const auto bytes = line.at("smallest_memory").get<std::size_t>();
  const auto outcome = [&](std::size_t memory) {
    const auto at =
        run(folder, "run --model mlp:16-16x4-4 --quiet --device sim --batch 4096 --format json --memory " +
                        std::to_string(memory));
    return json_lines(at.out).at(0).at("outcome").get<std::string>();
  };
  EXPECT_EQ(outcome(bytes), "ok");
  EXPECT_EQ(outcome(bytes - (std::size_t{2} << 20)), "oom");
}

TEST(RunCommand, WritesACaseThatReadsAsTheSame) {
  const TemporaryFolder folder;
  const auto first =
      json_lines(
          run(folder,
              "run --model mlp:16-16x4-4 --quiet --device sim:h100-sxm-80gb --accumulate 2 --format json")
              .out)
          .at(0);
  std::ofstream(folder / "cases.jsonl") << first.at("case").dump() << "\n";
  const auto again = json_lines(run(folder, "run --cases cases.jsonl").out).at(0);
  EXPECT_EQ(again.at("case"), first.at("case"));
  EXPECT_EQ(again.at("rows").size(), first.at("rows").size());
}

TEST(RunCommand, ListsEveryAllocationWithTheOpThatAskedForIt) {
  const TemporaryFolder folder;
  const auto events = run(folder, kRun + "--device sim --steps 1 --events --format csv");
  expect_done(events);
  const auto json = json_lines(run(folder, kRun + "--device sim --steps 1 --events --format json").out);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1].at("ops").size() + 1, lines(events.out).size());
  EXPECT_TRUE(has(events.out, ",addmm,"));
}

TEST(RunCommand, NamesFileLineAndFieldOfABadCase) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& part) {
    std::ofstream(folder / "cases.jsonl") << text << "\n";
    expect_refused(run(folder, "run --cases cases.jsonl"), "cases.jsonl:1: ");
    expect_refused(run(folder, "run --cases cases.jsonl"), part);
  };
  const std::string model = R"("id": "x", "model": {"kind": "mlp", "widths": [4, 4]})";
  refused("{", "not a case in JSON");
  refused("[]", "must be a JSON object");
  refused(R"({"id": "x", "batch": 1})", "lacks its field model");
  refused("{" + model + R"(, "batch": "many"})", "batch is \"many\"");
  refused("{" + model + R"(, "batch": 0})", "at least 1");
  refused("{" + model + R"(, "batch": 1, "optimiser": {"name": "sgd"}})", "did you mean 'optimizer'");
  refused("{" + model + R"(, "batch": 1, "optimizer": {"name": "sgd"}, "mode": "trian"})",
          "did you mean 'train'");
  expect_refused(run(folder, "run --cases missing.jsonl"), "cannot read missing.jsonl");
  expect_refused(run(folder, "run --cases cases.jsonl --model mlp:4-4"), "--cases has no use for --model");
}

TEST(RunCommand, RefusesContradictions) {
  const TemporaryFolder folder;
  expect_refused(run(folder, kRun + "--mode no_grad --clip 1"), "there are no gradients to clip");
  expect_refused(run(folder, kRun + "--mode no_grad --accumulate 2"), "micro-batches could add up");
  expect_refused(run(folder, kRun + "--mode inference_mode --recompute sqrt"), "nothing to recompute for");
  expect_refused(run(folder, kRun + "--recompute sqrt,every:1"), "one recompute policy at a time");
  expect_refused(run(folder, kRun + "--format yaml"), "there is no format 'yaml'");
  expect_refused(run(folder, kRun + "--clip 0"), "no norm above 0");
}

TEST(AdviseCommand, FindsWhatMakesItFitTheQuickestFirst) {
  const TemporaryFolder folder;
  const auto finished = run(
      folder, "advise --model mlp:256-256x24-10 --optimizer adamw --batch 4096 --memory 96MiB --device sim");
  expect_done(finished);
  const auto table = table_of(finished.out);
  ASSERT_GT(table.size(), 2U) << finished.out;
  EXPECT_EQ(table[0].at(0), "as") << "as it is";
  EXPECT_TRUE(has(finished.out, "Cheapest way to make it fit: "));
}

TEST(AdviseCommand, SaysWhenNothingHelps) {
  const TemporaryFolder folder;
  const auto finished =
      run(folder, "advise --model mlp:16-16x4-4 --batch 100000000 --memory 16MiB --device sim");
  expect_done(finished);
  EXPECT_TRUE(has(finished.out, "makes batch 100000000 fit; take a smaller batch or a larger device"));
}

TEST(AdviseCommand, WhereItFitsOnlyLargerBatchesAreAdvice) {
  const TemporaryFolder folder;
  const auto finished =
      run(folder, "advise --model mlp:256-256x24-10 --batch 16 --memory 64MiB --device sim");
  expect_done(finished);
  EXPECT_TRUE(has(finished.out, "Cheapest way to a larger batch: ")) << finished.out;
}

}  // namespace
}  // namespace memsweep
