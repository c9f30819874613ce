// memsweep dryrun, as a user meets it.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/results_file.h"
#include "tests/cli/dryrun_command.h"
#include "tests/json.h"

namespace memsweep::testing {
namespace {

const Words kTrain{MEMSWEEP_PYTHON, kFake + "train.py"};

TEST(Dryrun, RefusesWhatCannotBeRunWithOneSentence) {
  const TemporaryFolder folder;
  expect_refused(run(folder, "dryrun"), "say what to run behind --");
  expect_refused(run(folder, "dryrun -- no-such-command"), "there is no command 'no-such-command'");
  expect_refused(run(folder, "dryrun --gpu h100 -- true"), "h100-");
  expect_refused(run(folder, "dryrun --gpu cpu -- true"), "'cpu' is no GPU");
  expect_refused(run(folder, "dryrun --gpus all,h1000 -- true"), "h1000");
  expect_refused(run(folder, "dryrun --memory 1MiB -- true"), "the context alone takes more");
  expect_refused(run(folder, "dryrun --steps 0 -- true"), "--steps");
  expect_refused(run(folder, "dryrun --cudnn 9 -- true"), "it can be installed or none");
  for (const char* density : {"1.5", "-1", "nan", "1:0", "0:2", "0:0.5:1", "0:", ":1", "half"}) {
    expect_refused(run(folder, fmt::format("dryrun --density {} -- true", density)),
                   fmt::format("--density: '{}' is no share from 0 to 1", density));
  }
  expect_refused(run(folder, "dryrun --density 0:1 --sweep n=1,2 -- echo {n}"), "a sweep takes one share");
  expect_refused(run(folder, "dryrun --alloc-conf nonsense:1 -- true"), "nonsense");
}

TEST(Dryrun, ACommandKeepsItsOutputAndItsStatus) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("", {"sh", "-c", "echo hello; exit 3"}), with_fake_pytorch());
  EXPECT_EQ(done.status, 3);
  EXPECT_TRUE(done.out.starts_with("hello\n")) << done.out;
  EXPECT_TRUE(has(done.out, "The command itself ended with status 3")) << done.out;
  EXPECT_TRUE(has(done.out, "Nothing touched CUDA")) << done.out;
}

class DryrunOfPlainProgram : public ::testing::TestWithParam<const char*> {};

TEST_P(DryrunOfPlainProgram, IsKnownByWhatItTakesOfTheDevice) {
  const TemporaryFolder folder;
  const Words program{GetParam()};
  const Finished fits = run(folder, dryrun_of("--gpu t4", program), with_fake_pytorch());
  EXPECT_EQ(fits.status, 0) << fits.err;
  EXPECT_TRUE(has(fits.out, "It fits: 3.25GiB of 14.56GiB at the peak")) << fits.out;
  EXPECT_TRUE(has(fits.out, "Of a process that has no PyTorch")) << fits.out;
  const Finished fails = run(folder, dryrun_of("--gpu t4 --memory 2GiB", program), with_fake_pytorch());
  EXPECT_EQ(fails.status, 1) << fails.err;
  EXPECT_TRUE(has(fails.out, "The device refused 1 requests")) << fails.out;
}

INSTANTIATE_TEST_SUITE_P(OfCuda, DryrunOfPlainProgram,
                         ::testing::Values(MEMSWEEP_PLAIN_PROGRAM, MEMSWEEP_PLAIN_CUDA12_PROGRAM),
                         [](const auto& program) { return program.index == 0 ? "13" : "12"; });

TEST(Dryrun, PytorchForACudaThatIsNotModelledIsRefusedInOneSentence) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "torch");
  std::ofstream(folder / "torch/__init__.py") << "raise ImportError('libcudart.so.11.0')\n";
  std::ofstream(folder / "torch/version.py") << "cuda: Optional[str] = '11.8'\n";
  Words environment = with_fake_pytorch();
  environment[0] = "PYTHONPATH=.";
  const Finished done = run(folder, dryrun_of("", script(folder, "import torch\n")), environment);
  EXPECT_EQ(done.status, 2);
  EXPECT_EQ(done.err, "memsweep: this PyTorch is built for CUDA 11; modelled are 12 and 13\n");
}

TEST(Dryrun, OptionsBehindTheMarkAreTheCommands) {
  const TemporaryFolder folder;
  const Finished done =
      run(folder, dryrun_of("", {"echo", "--steps", "[1,2]", "--", "{a b}"}), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(done.out.starts_with("--steps [1,2] -- {a b}\n")) << done.out;
}

TEST(Dryrun, ScriptThatImportsPytorchWithoutUsingTheDeviceHasNothingToTell) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("", script(folder, "import torch\n")), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "PyTorch 2.11.0")) << done.out;
  EXPECT_TRUE(has(done.out, "Nothing touched CUDA")) << done.out;
}

TEST(Dryrun, TellsWhatStoodAtThePeakByCategoryAndByLine) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("--json report.json", kTrain), with_fake_pytorch());
  ASSERT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_TRUE(has(done.out, "It fits: ")) << done.out;
  const auto report = testing::read_json(folder / "report.json");
  EXPECT_TRUE(report.at("fits"));
  const auto& device = report.at("devices").at(0);
  EXPECT_EQ(device.at("peak").at("allocated"), 450 << 20);
  EXPECT_EQ(device.at("smallest_device"), (619 + 450) << 20);
  const auto& peak = device.at("at_peak");
  EXPECT_EQ(peak.at("step"), 2);
  EXPECT_EQ(peak.at("phase"), "backward");
  std::map<std::string, std::size_t> shares;
  for (const auto& share : peak.at("categories")) shares[share.at("what")] = share.at("bytes");
  EXPECT_EQ(shares, (std::map<std::string, std::size_t>{{"parameters", 100 << 20},
                                                        {"gradients", 100 << 20},
                                                        {"optimizer state", 200 << 20},
                                                        {"activations and inputs", 50 << 20}}));
  std::string line;
  for (const auto& share : peak.at("lines")) {
    if (share.at("bytes") == 200 << 20) line = share.at("what");
  }
  EXPECT_TRUE(line.ends_with("train.py:15 (update)")) << line;
}

TEST(Dryrun, EachPhaseOfEachStepHasItsPeak) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("--json report.json", kTrain), with_fake_pytorch());
  ASSERT_EQ(done.status, 0) << done.err;
  const auto report = testing::read_json(folder / "report.json");
  std::map<std::string, std::size_t> peaks;  // MiB allocated
  for (const auto& row : report.at("devices").at(0).at("phases")) {
    const std::string step = std::to_string(row.at("first_step").get<int>());
    peaks[step + " " + row.at("phase").get<std::string>()] = row.at("allocated").get<std::size_t>() >> 20;
  }
  EXPECT_EQ(peaks.at("1 forward"), 150U);
  EXPECT_EQ(peaks.at("1 backward"), 250U);
  EXPECT_EQ(peaks.at("1 optimizer"), 400U);
  EXPECT_EQ(peaks.at("2 forward"), 350U);
  EXPECT_EQ(peaks.at("2 backward"), 450U);
}

TEST(Dryrun, OutOfMemoryNamesTheLineTheVerdictAndPytorchsMessage) {
  const TemporaryFolder folder;
  const Finished done =
      run(folder, dryrun_of("--gpu h100-sxm-80gb --memory 969MiB", kTrain), with_fake_pytorch());
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(has(done.err, "OutOfMemoryError: CUDA out of memory.")) << done.err;
  EXPECT_TRUE(has(done.out, "train.py:15 (update) asked for 200MiB in the optimizer phase of step 1"))
      << done.out;
  EXPECT_TRUE(has(
      done.out, "Verdict: capacity. 200MiB are live, 200MiB more are asked for and 619MiB are the context's"))
      << done.out;
  EXPECT_TRUE(has(done.out, "PyTorch: CUDA out of memory. Tried to allocate 200.00 MiB.")) << done.out;
  EXPECT_TRUE(has(done.out, "When memory ran out, in the optimizer phase of step 1: 200MiB requested"))
      << done.out;
}

TEST(Dryrun, ScriptThatFailsByItselfIsToldApartFromAShortage) {
  const TemporaryFolder folder;
  const Finished done = run(
      folder, dryrun_of("", script(folder, "import torch\nt = torch.Tensor(10)\nraise ValueError('no')\n")),
      with_fake_pytorch());
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(done.err.ends_with("ValueError: no\n")) << done.err;
  EXPECT_TRUE(has(done.out, "The script itself ended with ValueError at script.py:3 (<module>)")) << done.out;
  EXPECT_TRUE(has(done.out, "So far: 629MiB of ")) << done.out;
}

TEST(Dryrun, ScriptThatFailsByItselfIsSaidToHaveReadWhatNobodyComputed) {
  const TemporaryFolder folder;
  const std::string text =
      "import ctypes, torch\nt, cuda, address = torch.Tensor(10), ctypes.CDLL(None), ctypes.c_void_p()\n"
      "assert cuda.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(8)) == 0\nvalue = ctypes.c_int64(1)\n"
      "assert cuda.cudaMemcpy(ctypes.byref(value), address, ctypes.c_size_t(8), 2) == 0\n1 / value.value\n";
  const Finished done = run(folder, dryrun_of("", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(
      has(done.out,
          "ended with ZeroDivisionError at script.py:6 (<module>); memory was not what it lacked. It had "
          "read values that no kernel computed, which can be why."))
      << done.out;
}

TEST(Dryrun, CommandThatIsKilledIsNotSaidToHaveFailedByItself) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("", {"sh", "-c", "kill -9 $$"}), with_fake_pytorch());
  EXPECT_EQ(done.status, 137);
  EXPECT_TRUE(has(done.out, "killed, as the kernel does where the host's own memory runs out")) << done.out;
}

TEST(Dryrun, ShortagesThatAScriptSurvivesAreCounted) {
  const TemporaryFolder folder;
  const std::string text =
      "import torch\nkept = torch.Tensor(60)\ntry:\n  torch.Tensor(500)\nexcept torch.OutOfMemoryError:\n  "
      "pass\n";
  const Finished done = run(folder, dryrun_of("--memory 1GiB", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "OutOfMemoryError 1 time on the way, and the script went on")) << done.out;
}

TEST(Dryrun, StepsEndTheScriptWithItsReport) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("--steps 1", kTrain), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_FALSE(has(done.out, "trained")) << done.out;
  EXPECT_TRUE(has(done.out, ", 1 steps")) << done.out;
  EXPECT_TRUE(has(done.out, "At the peak, in the optimizer phase of step 1: 400MiB requested")) << done.out;
}

TEST(Dryrun, TimeLimitEndsAHangWithTheReportSoFar) {
  const TemporaryFolder folder;
  const std::string text = "import time, torch\nt = torch.Tensor(10)\ntime.sleep(100)\n";
  const Finished done = run(folder, dryrun_of("--time-limit 3", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "as --time-limit says")) << done.out;
  EXPECT_TRUE(has(done.out, "So far: 629MiB of ")) << done.out;
}

TEST(Dryrun, InterruptReachesTheScriptAndEndsWithTheReportSoFar) {
  const TemporaryFolder folder;
  const std::string text = "import time, torch\nt = torch.Tensor(10)\nopen('ready', 'w')\ntime.sleep(100)\n";
  ProgramRun started(folder.path(), dryrun_of("", script(folder, text)), with_fake_pytorch());
  while (!std::filesystem::exists(folder / "ready"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  started.send(SIGINT);
  const Finished done = started.finish();
  EXPECT_EQ(done.status, 130) << done.err;
  EXPECT_TRUE(has(done.out, "It was interrupted; this is what was seen until then.")) << done.out;
  EXPECT_TRUE(has(done.out, "So far: 629MiB of ")) << done.out;
}

TEST(Dryrun, OneRunTellsWhichGpusItFits) {
  const TemporaryFolder folder;
  const std::string text = "import torch\nt = [torch.Tensor(2048) for _ in range(10)]\n";
  const Finished done =
      run(folder, dryrun_of("--gpus t4,l4,a100-sxm-40gb", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  std::map<std::string, std::string> outcomes;
  for (const std::string& line : lines(done.out)) {
    const Words row = words(line);
    if (row.size() >= 3) outcomes[row[0]] = row[2];
  }
  EXPECT_EQ(outcomes["t4"], "no") << done.out;
  EXPECT_NE(outcomes["l4"], "no") << done.out;
  EXPECT_NE(outcomes["a100-sxm-40gb"], "no") << done.out;
}

TEST(Dryrun, RowsSayWhatTheReportSaysAndAreNotOverwrittenUnasked) {
  const TemporaryFolder folder;
  const Words command = dryrun_of("--csv rows.csv", kTrain);
  expect_refused(run(folder, "dryrun --csv rows.csv -- misspelt"), "there is no command 'misspelt'");
  ASSERT_EQ(run(folder, command, with_fake_pytorch()).status, 0);
  const auto rows = read_rows(folder / "rows.csv");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].scenario, "dryrun");
  EXPECT_EQ(rows[0].variant, "process 1, device 0");
  EXPECT_EQ(rows[0].device, "sim:h100-sxm-80gb");
  const TrialResult& result = rows[0].result;
  EXPECT_EQ(result.outcome, Outcome::ok);
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(result.phase, Phase::backward);
  EXPECT_EQ(result.phase_step, 2);
  EXPECT_EQ(result.peak, (Levels{450_MiB, 450_MiB, 450_MiB, (619 + 450) * 1_MiB}));
  EXPECT_EQ(result.by_category, (BytesByCategory{100_MiB, 100_MiB, 200_MiB, 50_MiB, 0, 0, 0}));
  EXPECT_EQ(result.overhead_bytes, 619_MiB);

  expect_refused(run(folder, command, with_fake_pytorch()), "holds this run already");
  EXPECT_EQ(run(folder, dryrun_of("--csv rows.csv --fresh", kTrain), with_fake_pytorch()).status, 0);
  expect_done(run(folder, "compare rows.csv rows.csv"));
}

TEST(Dryrun, RowOfAShortageHasTheLineAndThePhaseThatAsked) {
  const TemporaryFolder folder;
  const Words command = dryrun_of("--memory 969MiB --csv rows.csv", kTrain);
  ASSERT_EQ(run(folder, command, with_fake_pytorch()).status, 1);
  const TrialResult result = read_rows(folder / "rows.csv").at(0).result;
  EXPECT_EQ(result.outcome, Outcome::oom);
  EXPECT_EQ(result.verdict, Verdict::capacity);
  EXPECT_EQ(result.phase, Phase::optimizer);
  EXPECT_EQ(result.phase_step, 1);
  EXPECT_EQ(result.refused_bytes, 200_MiB);
  EXPECT_TRUE(has(result.message, "train.py:15 (update): CUDA out of memory.")) << result.message;
}

/// Reads a byte that nobody computed, one that it put there, and calls what is not modelled, each twice.
const std::string kDoubtful =
    "import ctypes, torch\n"
    "t, cuda = torch.Tensor(10), ctypes.CDLL(None)\n"
    "def on_device(cuda, *args):\n"
    "  address = ctypes.c_void_p()\n"
    "  assert cuda.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(1024)) == 0\n"
    "  return address\n"
    "address, host = on_device(cuda), ctypes.create_string_buffer(1)\n"
    "def copy(to, begin, kind):\n"
    "  assert cuda.cudaMemcpy(to, begin, ctypes.c_size_t(1), kind) == 0\n"
    "def ask():\n"
    "  cuda.cudaGraphMemFreeNodeGetParams(None, None)\n"
    "for i in range(2):\n"
    "  copy(host, address, 2)\n"
    "copy(address, host, 1)\n"
    "for i in range(2):\n"
    "  copy(host, address, 2); ask()\n";

TEST(Dryrun, DoubtsNameTheLineOfTheirFirst) {
  const TemporaryFolder folder;
  const Finished done =
      run(folder, dryrun_of("--json report.json", script(folder, kDoubtful)), with_fake_pytorch());
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_TRUE(
      has(done.out, "read 2 values that no kernel computed, and saw zeros (the first at script.py:9 "))
      << done.out;
  EXPECT_TRUE(
      has(done.out, "read back 2 values that it had put on the device itself (the first at script.py:9 "))
      << done.out;
  EXPECT_TRUE(has(done.out, "cudaGraphMemFreeNodeGetParams, 2 times (the first at script.py:11 (ask))"))
      << done.out;
  EXPECT_FALSE(has(done.out, "Exact:")) << done.out;
  const auto report = testing::read_json(folder / "report.json");
  const auto& process = report.at("processes").at(0);
  EXPECT_EQ(process.at("doubtful_reads").at(0).at("kind"), "blind read");
  EXPECT_EQ(process.at("doubtful_reads").at(0).at("first").at("line"), 9);
  EXPECT_EQ(process.at("doubtful_reads").at(1).at("kind"), "shadow read");
  EXPECT_EQ(process.at("doubtful_reads").at(1).at("first").at("function"), "copy");
  EXPECT_EQ(process.at("unsupported").at(0).at("first").at("line"), 11);
}

TEST(Dryrun, SizesThatOnlyALibraryKnowsAreSaidToBeAssumed) {
  const TemporaryFolder folder;
  const std::string text =
      "import ctypes, torch\nt, size = torch.Tensor(10), ctypes.c_int()\nfor i in range(2):\n"
      "  ctypes.CDLL(None).cusolverDnSgesvd_bufferSize(None, 64, 32, ctypes.byref(size))\n";
  const Finished done =
      run(folder, dryrun_of("--json report.json", script(folder, text)), with_fake_pytorch());
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(
      has(done.out,
          "Assumed, since only the libraries know how large they are: 2 workspaces of cuSOLVER, at most "
          "8KiB each (the first at script.py:4 (<module>))."))
      << done.out;
  EXPECT_FALSE(has(done.out, "Exact:")) << done.out;
  const auto report = testing::read_json(folder / "report.json");
  const auto& assumed = report.at("processes").at(0).at("assumed").at(0);
  EXPECT_EQ(assumed.at("symbol"), "cusolverDnSgesvd_bufferSize");
  EXPECT_EQ(assumed.at("count"), 2);
  EXPECT_EQ(assumed.at("most_bytes"), 64 * 32 * 4);
}

TEST(Dryrun, CallsThatAreNotModelledAreNamedWhereTheDeviceWasNotUsed) {
  const TemporaryFolder folder;
  const std::string text =
      "import ctypes, torch\nctypes.CDLL(None).cudaGraphMemFreeNodeGetParams(None, None)\n";
  const Finished done = run(folder, dryrun_of("", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "Nothing touched CUDA")) << done.out;
  EXPECT_TRUE(
      has(done.out,
          "Not modelled, so that a true run can differ: cudaGraphMemFreeNodeGetParams, 1 time (the first "
          "at script.py:2 (<module>))."))
      << done.out;
  EXPECT_FALSE(has(done.out, "Exact:")) << done.out;
}

/// Takes 20 MiB, and one more for each of 100 elements of a mask that hold, which a kernel of CUB counts.
const std::string kMasked =
    "import ctypes, torch\n"
    "cuda, key = ctypes.CDLL(None), ctypes.create_string_buffer(1)\n"
    "name = ctypes.c_char_p(b'DeviceReduceSingleTileKernel policy_hubIiyN NonZeroOp')\n"
    "cuda.__cudaRegisterFunction(None, key, name, name, -1, None, None, None, None, None)\n"
    "class Grid(ctypes.Structure):\n"
    "  _fields_ = [(axis, ctypes.c_uint) for axis in 'xyz']\n"
    "data, elements, count = ctypes.c_void_p(), ctypes.c_uint64(100), ctypes.c_int()\n"
    "assert cuda.cudaMalloc(ctypes.byref(data), ctypes.c_size_t(1024)) == 0\n"
    "arguments = (ctypes.c_void_p * 3)(*map(ctypes.addressof, (data, data, elements)))\n"
    "one = Grid(1, 1, 1)\n"
    "assert cuda.cudaLaunchKernel(key, one, one, arguments, ctypes.c_size_t(0), None) == 0\n"
    "assert cuda.cudaMemcpy(ctypes.byref(count), data, ctypes.c_size_t(4), 2) == 0\n"
    "kept = torch.Tensor(20 + count.value)\n";

TEST(Dryrun, RangeOfDensitiesRunsTheCommandForBothEndsAndTellsWhatLiesBetween) {
  const TemporaryFolder folder;
  const Words masked = script(folder, kMasked);
  const Finished one = run(folder, dryrun_of("--density 0.5", masked), with_fake_pytorch());
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_TRUE(has(one.out, "(the first at script.py:12 (<module>)): the rule is a share of 0.5")) << one.out;
  EXPECT_TRUE(has(one.out, "The same with --density 0:1 tells between which peaks the truth lies."))
      << one.out;

  const Finished both =
      run(folder, dryrun_of("--density 0:1 --json report.json --csv rows.csv", masked), with_fake_pytorch());
  ASSERT_EQ(both.status, 0) << both.err;
  EXPECT_TRUE(has(both.out, "It fits at both: between 639MiB and 739MiB of 79.18GiB at the peak."))
      << both.out;
  const auto reports = testing::read_json(folder / "report.json");
  EXPECT_EQ(reports.at(0).at("processes").at(0).at("density"), 0);
  EXPECT_EQ(reports.at(1).at("devices").at(0).at("peak").at("allocated"), 120 << 20);
  const auto rows = read_rows(folder / "rows.csv");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].variant, "process 1, device 0, density 0");
  EXPECT_EQ(rows[0].result.peak.allocated, 20_MiB);
  EXPECT_EQ(rows[1].variant, "process 1, device 0, density 1");
}

TEST(Dryrun, RangeOfDensitiesSaysWhetherTheMasksDecide) {
  const TemporaryFolder folder;
  const Words masked = script(folder, kMasked);
  const Finished decides =
      run(folder, dryrun_of("--density 0:1 --memory 700MiB", masked), with_fake_pytorch());
  EXPECT_EQ(decides.status, 1);
  EXPECT_TRUE(has(decides.out, "What the masks hold decides whether it fits.")) << decides.out;
  const Finished neither =
      run(folder, dryrun_of("--density 0.2:1 --memory 650MiB", masked), with_fake_pytorch());
  EXPECT_TRUE(has(neither.out, "It fits at neither.")) << neither.out;
  const Finished none = run(folder, dryrun_of("--density 0:1", kTrain), with_fake_pytorch());
  EXPECT_TRUE(has(none.out, "asked of no mask how many elements hold: --density changes nothing"))
      << none.out;
  const Finished failed =
      run(folder, dryrun_of("--density 0:1", script(folder, kMasked + "assert count.value\n")),
          with_fake_pytorch());
  EXPECT_EQ(failed.status, 1);
  EXPECT_TRUE(has(failed.out, "One of them ended early or by itself")) << failed.out;
}

TEST(Dryrun, ProgramWithARuntimeOfItsOwnIsNamed) {
  const TemporaryFolder folder;
  const Finished done = run(folder, dryrun_of("", {MEMSWEEP_OWN_RUNTIME_PROGRAM}), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "Not seen: ")) << done.out;
  EXPECT_TRUE(has(done.out, "of their own: " MEMSWEEP_OWN_RUNTIME_PROGRAM ".")) << done.out;
}

TEST(Dryrun, NothingIsExactWithAnExtensionThatHasARuntimeOfItsOwn) {
  const TemporaryFolder folder;
  const std::string text =
      "import ctypes, torch\nt = torch.Tensor(10)\nctypes.CDLL('" MEMSWEEP_OWN_RUNTIME_EXTENSION "')\n";
  const Finished done = run(folder, dryrun_of("", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "of their own: " MEMSWEEP_OWN_RUNTIME_EXTENSION ".")) << done.out;
  EXPECT_FALSE(has(done.out, "Exact:")) << done.out;
}

TEST(Dryrun, SnapshotIsWhatReplayReads) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(folder, dryrun_of("--snapshot out.pickle", kTrain), with_fake_pytorch()).status, 0);
  const Finished checked = run(folder, "replay out.pickle --check");
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
}

TEST(Dryrun, AnotherSitecustomizeStillRuns) {
  const TemporaryFolder folder;
  std::ofstream(folder / "sitecustomize.py") << "print('mine')\n";
  Words environment = with_fake_pytorch();
  environment.front() += ":" + folder.path().string();
  const Finished done = run(folder, dryrun_of("", script(folder, "import torch\n")), environment);
  EXPECT_TRUE(done.out.starts_with("mine\n")) << done.out << done.err;
}

}  // namespace
}  // namespace memsweep::testing
