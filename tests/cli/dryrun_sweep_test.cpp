// memsweep dryrun --sweep, as a user meets it.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <thread>

#include "harness/base/bytes.h"
#include "harness/dryrun/python_server.h"
#include "harness/report/results_file.h"
#include "tests/cli/dryrun_command.h"

namespace memsweep::testing {
namespace {

/// Takes 10 MiB n times; 619 MiB are the context's.
const std::string kTakes = "import sys, torch\nt = torch.Tensor(10 * int(sys.argv[1]))\n";

/// `script` with the place of n behind it.
Words sweep_of(const std::string& options, Words script) {
  script.emplace_back("{n}");
  return dryrun_of("--sweep " + options, script);
}

/// The outcome by value, of the table.
std::map<std::string, std::string> outcomes(const Finished& done) {
  std::map<std::string, std::string> found;
  for (const Words& row : table_of(done.out)) found[row.at(0)] = row.at(1);
  return found;
}

TEST(DryrunSweep, RefusesWhatCannotBeSweptWithOneSentence) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& command, std::string_view part) {
    expect_refused(run(folder, "dryrun " + command), part);
  };
  refused("--sweep batch=1:4 -- true", "the command has no {batch}");
  refused("--sweep batch -- true {batch}", "'batch' does not say what is swept");
  refused("--sweep =1:4 -- true {}", "'=1:4' does not say what is swept");
  refused("--sweep batch= -- true {batch}", "no list of batches");
  refused("--sweep batch=0:4 -- true {batch}", "'0:4' is no range; write 1:4096");
  refused("--sweep batch=9:4 -- true {batch}", "'9:4' is no range");
  refused("--sweep batch=1:x -- true {batch}", "'1:x' is no range");
  refused("--sweep batch=1:9999999999 -- true {batch}", "is no range");
  refused("--sweep batch=0,1 -- true {batch}", "no list of batches");
  refused("--sweep batch=1:4:x1 -- true {batch}", "no list of batches");
  refused("-- echo {batch}", "the command has {batch}, and no --sweep batch=1:4096");
  refused("-- echo --size={batch}", "the command has {batch}, and no --sweep");
  refused("--sweep a=1:4 -- echo {a} --lr={lr}", "the command has {lr}");
  refused("--sweep a=1:4 --gpus all -- echo {a}", "--gpus");
  refused("--sweep a=1:4 --json out.json -- echo {a}", "--json");
  refused("--sweep a=1:4 --snapshot out.pickle -- echo {a}", "--snapshot");
  refused("--sweep a=1:4 --csv rows.txt -- echo {a}", "no name that ends in .csv");
  refused("--sweep a=1:4 --fresh -- echo {a}", "--fresh requires --csv");
  refused("--sweep a=1:4 --device tpu -- echo {a}", "'tpu' is no device; it can be cuda");
  refused("--device cuda -- true", "--sweep");
  refused("--sweep a=1:4 --device cuda --gpu t4 -- echo {a}", "--gpu");
  refused("--sweep a=1:4 -- no-such-command {a}", "there is no command 'no-such-command'");
}

TEST(DryrunSweep, BoundaryOfAPlainProgramIsWhereItsPiecesFillTheDevice) {
  const TemporaryFolder folder;
  // Three pieces, each rounded to 2 MiB, beside a context of 619 MiB.
  constexpr std::size_t kUnit = 1'000'000, kLargest = (2048_MiB - 619_MiB) / (3 * 2_MiB) * 2_MiB / kUnit;
  const Finished done =
      run(folder,
          dryrun_of("--sweep n=1:4096 --memory 2GiB --csv rows.csv", {MEMSWEEP_PLAIN_PROGRAM, "{n}000000"}),
          with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  const std::string largest = std::to_string(kLargest), refused = std::to_string(kLargest + 1);
  EXPECT_TRUE(has(done.out, "n=" + largest + " is the largest that fits")) << done.out;
  EXPECT_TRUE(
      has(done.out, "n=" + refused + " is the smallest above it that does not: the device refused it"))
      << done.out;
  EXPECT_TRUE(has(done.err, "memsweep: n=" + largest + " fits: ")) << done.err;
  const auto boundary = read_boundaries(folder / "rows.csv").at(0);
  EXPECT_EQ(boundary.max_batch, static_cast<std::int64_t>(kLargest));
  EXPECT_EQ(boundary.first_oom_batch, static_cast<std::int64_t>(kLargest) + 1);
  EXPECT_LT(boundary.trials, 20);
}

TEST(DryrunSweep, BoundaryOfAScriptComesWithWhatStandsInItsWay) {
  const TemporaryFolder folder;
  const Finished done =
      run(folder, sweep_of("n=1:4096 --memory 1GiB", script(folder, kTakes)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(has(done.out, "n=40 is the largest that fits: 1019MiB of 1GiB at the peak")) << done.out;
  EXPECT_TRUE(has(done.out,
                  "n=41 is the smallest above it that does not: before the first step 410MiB were "
                  "refused. Verdict: capacity"))
      << done.out;
  EXPECT_TRUE(has(done.out, "Asked for by script.py:2 (<module>): CUDA out of memory.")) << done.out;
}

TEST(DryrunSweep, EndsOfTheRangeAreSaidToBeEnds) {
  const TemporaryFolder folder;
  const Words takes = script(folder, kTakes);
  const Finished all = run(folder, sweep_of("n=3:20 --memory 1GiB", takes), with_fake_pytorch());
  EXPECT_TRUE(has(all.out, "n=20 is the largest that fits")) << all.out;
  EXPECT_TRUE(has(all.out, "Nothing larger was asked for.")) << all.out;
  const Finished none = run(folder, sweep_of("n=50:90 --memory 1GiB", takes), with_fake_pytorch());
  EXPECT_EQ(none.status, 0) << none.err;
  EXPECT_TRUE(has(none.out, "n=50 does not fit, and nothing smaller was asked for")) << none.out;
  EXPECT_EQ(outcomes(none).size(), 1U) << none.out;
}

TEST(DryrunSweep, ListsAreTriedOneByOneAndHolesAreNamed) {
  const TemporaryFolder folder;
  const std::string text =
      "import sys, torch\nn = int(sys.argv[1])\nt = torch.Tensor(900 if n == 20 else 10 * n)\n";
  const Finished done =
      run(folder, sweep_of("n=10:40:+10,7,50 --memory 1GiB", script(folder, text)), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(outcomes(done),
            (std::map<std::string, std::string>{
                {"7", "ok"}, {"10", "ok"}, {"20", "oom"}, {"30", "ok"}, {"40", "ok"}, {"50", "oom"}}));
  EXPECT_TRUE(has(done.out, "Below it there are holes: n=20 does not fit.")) << done.out;
  EXPECT_TRUE(has(done.out, "n=50 does not fit, the smallest of those that were tried")) << done.out;
}

TEST(DryrunSweep, EveryPlaceInTheCommandIsFilled) {
  const TemporaryFolder folder;
  const std::string text =
      "import sys, torch\nassert sys.argv[1:] == ['--a=3', '3/3', '{x y}', ''], sys.argv\ntorch.Tensor(10)\n";
  Words command = script(folder, text);
  command.insert(command.end(), {"--a={n}", "{n}/{n}", "{x y}", ""});
  const Finished done = run(folder, dryrun_of("--sweep n=3", command), with_fake_pytorch());
  EXPECT_EQ(done.status, 0) << done.err;
}

TEST(DryrunSweep, ScriptThatFailsByItselfEndsItWithItsOwnLastWords) {
  const TemporaryFolder folder;
  const std::string text =
      kTakes + "print('quiet')\nif sys.argv[1] == '8':\n  print('told')\n  raise ValueError('no')\n";
  const Finished done = run(folder, sweep_of("n=1:4096 --memory 1GiB --csv rows.csv", script(folder, text)),
                            with_fake_pytorch());
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(has(done.out, "At n=8: The script itself ended with ValueError at script.py:6 (<module>)"))
      << done.out;
  EXPECT_TRUE(has(done.out, "n=1 is the largest that fits")) << done.out;
  EXPECT_TRUE(has(done.err, "told\n")) << done.err;
  EXPECT_FALSE(has(done.err, "quiet\nquiet")) << "the output of a run that fitted";
  EXPECT_FALSE(has(done.err, "server.py")) << done.err;
  EXPECT_TRUE(done.err.ends_with("    raise ValueError('no')\nValueError: no\n")) << done.err;
  EXPECT_EQ(read_rows(folder / "rows.csv").size(), 1U) << "what failed by itself is no result";
}

TEST(DryrunSweep, WhatDoesNotTouchADeviceOrDoesNotEndIsNoResult) {
  const TemporaryFolder folder;
  const Finished idle = run(folder, sweep_of("n=1:9", script(folder, "import torch\n")), with_fake_pytorch());
  EXPECT_EQ(idle.status, 1);
  EXPECT_TRUE(has(idle.out, "At n=1: Nothing touched CUDA")) << idle.out;
  const std::string hangs = kTakes + "import time\ntime.sleep(100)\n";
  const Finished ended =
      run(folder, sweep_of("n=1:9 --time-limit 1", script(folder, hangs)), with_fake_pytorch());
  EXPECT_NE(ended.status, 0);
  EXPECT_TRUE(has(ended.out, "as --time-limit says: nobody knows whether it fits")) << ended.out;
}

TEST(DryrunSweep, InterruptedItTellsWhatIsKnownAndTheSameCommandGoesOn) {
  const TemporaryFolder folder;
  const std::string text = kTakes +
                           "import os, time\nif sys.argv[1] == '8' and not os.path.exists('go'):\n  "
                           "open('ready', 'w')\n  time.sleep(100)\n";
  const Words command = sweep_of("n=1:4096 --memory 1GiB --csv rows.csv", script(folder, text));
  ProgramRun started(folder.path(), command, with_fake_pytorch());
  while (!std::filesystem::exists(folder / "ready"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  started.send(SIGINT);
  const Finished interrupted = started.finish();
  EXPECT_EQ(interrupted.status, 130) << interrupted.err;
  EXPECT_TRUE(
      has(interrupted.out, "It was interrupted. What was tried before says:\nn=1 is the largest that fits"))
      << interrupted.out;
  EXPECT_TRUE(has(interrupted.err, "the same command goes on from what is in rows.csv")) << interrupted.err;
  const std::string first_part = read_file(folder / "rows.csv");

  write_file(folder / "go", "");
  const Finished resumed = run(folder, command, with_fake_pytorch());
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_TRUE(has(resumed.err, "1 rows were measured before and are taken from rows.csv")) << resumed.err;
  EXPECT_TRUE(has(resumed.out, "n=40 is the largest that fits")) << resumed.out;
  EXPECT_TRUE(read_file(folder / "rows.csv").starts_with(first_part))
      << "a row was measured twice or changed";

  const Finished again = run(folder, command, with_fake_pytorch());
  EXPECT_EQ(table_of(again.out), table_of(resumed.out)) << "nothing is left to be measured";
  expect_done(run(folder, "compare rows.csv rows.csv"));
  expect_refused(run(folder, sweep_of("n=1:4096 --memory 2GiB --csv rows.csv", script(folder, text))),
                 "rows.csv holds another run");
}

// How runs are started ---------------------------------------------------------------------------------

/// The environment, and the file that has a line for each import of PyTorch.
Words counting_imports(const TemporaryFolder& folder) {
  Words environment = with_fake_pytorch();
  environment.push_back("FAKE_IMPORTS=" + (folder / "imports").string());
  return environment;
}

TEST(DryrunSweep, PytorchIsImportedOnceForAllRunsOfAScript) {
  const TemporaryFolder folder;
  const Finished done = run(folder, sweep_of("n=1,2,3", script(folder, kTakes)), counting_imports(folder));
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(outcomes(done).size(), 3U) << done.out;
  EXPECT_EQ(lines(read_file(folder / "imports")).size(), 1U);
}

TEST(DryrunSweep, RunsOfAModuleAreForkedAsWellAndThoseOfAShellAreNot) {
  const TemporaryFolder folder;
  script(folder, kTakes);
  const Finished module =
      run(folder, sweep_of("n=1,2", {MEMSWEEP_PYTHON, "-u", "-m", "script"}), counting_imports(folder));
  EXPECT_EQ(module.status, 0) << module.out << module.err;
  EXPECT_EQ(lines(read_file(folder / "imports")).size(), 1U);
  const Finished shell =
      run(folder, dryrun_of("--sweep n=1,2", {"sh", "-c", MEMSWEEP_PYTHON " script.py {n}"}),
          counting_imports(folder));
  EXPECT_EQ(shell.status, 0) << shell.out << shell.err;
  EXPECT_EQ(lines(read_file(folder / "imports")).size(), 3U);
}

TEST(DryrunSweep, PytorchIsImportedInTheEnvironmentThatTheScriptMakesForIt) {
  const TemporaryFolder folder;
  const std::string same =
      "import os\nassert 'FAKE_SETTING' not in os.environ\nos.environ['FAKE_SETTING'] = 'mine'\n";
  const Finished done =
      run(folder, sweep_of("n=1,2", script(folder, same + kTakes)), counting_imports(folder));
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(lines(read_file(folder / "imports")), (Words{"None", "mine"}));

  const TemporaryFolder other;
  const std::string each = "import os, sys\nos.environ['FAKE_SETTING'] = sys.argv[1]\n";
  const Finished fresh = run(other, sweep_of("n=1,2", script(other, each + kTakes)), counting_imports(other));
  EXPECT_EQ(fresh.status, 0) << fresh.err;
  EXPECT_EQ(outcomes(fresh).size(), 2U) << fresh.out;
  EXPECT_EQ(lines(read_file(other / "imports")), (Words{"None", "1", "2"}));
}

TEST(DryrunSweep, ForkedRunSeesWhatItWouldSeeInAPythonOfItsOwn) {
  const TemporaryFolder folder;
  const std::string text = R"(import atexit, json, os, signal, sys
assert "torch" not in sys.modules
import torch
import __main__
seen = {
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "name": __name__, "file": __file__, "flags": list(sys.flags),
    "main": sorted(vars(__main__)), "spec": str(__spec__), "loader": type(__loader__).__name__, "package": __package__,
    "builtins": type(__builtins__).__name__, "cwd": os.getcwd(), "interrupt": str(signal.getsignal(signal.SIGINT)),
    "torch": [torch.__spec__.name, type(torch.__loader__).__name__, torch.__file__],
    "variables": sorted(os.environ),
}
torch.Tensor(10)
atexit.register(lambda: json.dump(seen, open("seen.json", "w")))
)";
  Words command = script(folder, text);
  command.insert(command.begin() + 1, "-O");
  command.insert(command.end(), {"--n", "5"});
  ASSERT_EQ(run(folder, dryrun_of("", command), with_fake_pytorch()).status, 0);
  const std::string alone = read_file(folder / "seen.json");
  command.back() = "{n}";
  const Finished forked = run(folder, dryrun_of("--sweep n=5", command), with_fake_pytorch());
  ASSERT_EQ(forked.status, 0) << forked.out << forked.err;
  EXPECT_EQ(read_file(folder / "seen.json"), alone);
}

TEST(DryrunSweep, ExitStatusAndStepsOfAForkedRunAreItsOwn) {
  const TemporaryFolder folder;
  const Finished left =
      run(folder, sweep_of("n=1:9", script(folder, kTakes + "sys.exit(7)\n")), with_fake_pytorch());
  EXPECT_EQ(left.status, 7);
  EXPECT_TRUE(has(left.out, "At n=1: The command itself ended with status 7")) << left.out;
  const Finished steps =
      run(folder, sweep_of("n=1 --steps 1 --csv rows.csv", {MEMSWEEP_PYTHON, kFake + "train.py"}),
          with_fake_pytorch());
  EXPECT_EQ(steps.status, 0) << steps.err;
  EXPECT_EQ(read_rows(folder / "rows.csv").at(0).result.steps, 1);
}

TEST(DryrunSweep, OnlyPlainCallsOfPythonAreTakenForScripts) {
  const TemporaryFolder folder;
  const std::string file = folder / "train.py";
  write_file(file, "");
  const auto parse = [](const Words& command) { return parse_python_command(command); };
  const auto found = parse({"python3.11", "-u", "-X", "dev", file, "-m", "3"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->target, (PythonTarget{{"python3.11", "-u", "-X", "dev"}, "script", file}));
  EXPECT_EQ(found->arguments, (Words{"-m", "3"}));
  EXPECT_EQ(parse({"/usr/bin/python", "-m", "package.train"})->target.kind, "module");
  for (const Words& command : {Words{"torchrun", file},
                               {"python", "-c", "pass"},
                               {"python", "-i", file},
                               {"python"},
                               {"python", "-m"},
                               {"python", "-W"},
                               {"python", folder.path()},
                               {"python", "missing.py"},
                               {"python", "-I", file},
                               {"pythonista", file},
                               {}}) {
    EXPECT_FALSE(parse(command)) << (command.empty() ? "" : command.back());
  }
}

// On a GPU ---------------------------------------------------------------------------------------------

TEST(DryrunSweep, WithoutAGpuOneSentenceSaysSo) {
  const TemporaryFolder folder;
  Words environment = with_fake_pytorch();
  environment.emplace_back("LD_LIBRARY_PATH=" MEMSWEEP_STANDIN_FOLDER);
  environment.emplace_back("MEMSWEEP_STANDIN=fail=cuInit:every:cudaErrorNoDevice");
  expect_refused(run(folder, sweep_of("n=1:9 --device cuda", script(folder, kTakes)), environment),
                 "no GPU can be used: cuInit returned 100", 3);
}

TEST(DryrunSweep, OnAGpuTheEnvironmentIsLeftAsItIsAndEveryRunIsAProcess) {
  const TemporaryFolder folder;
  Words environment = counting_imports(folder);
  environment.emplace_back(
      "LD_LIBRARY_PATH=" MEMSWEEP_STANDIN_FOLDER);  // whose driver serves as the true one
  environment.emplace_back("MEMSWEEP_STANDIN=memory=1GiB,context=619MiB,name=A Card");
  environment.emplace_back("CUDA_VISIBLE_DEVICES=0");
  const std::string text = "import os\nassert os.environ['CUDA_VISIBLE_DEVICES'] == '0'\n" + kTakes;
  const Finished done =
      run(folder, sweep_of("n=39:42 --device cuda --csv rows.csv", script(folder, text)), environment);
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_TRUE(has(done.out, "on A Card with 1GiB")) << done.out;
  EXPECT_TRUE(has(done.out, "n=40 is the largest that fits")) << done.out;
  const auto rows = read_rows(folder / "rows.csv");
  EXPECT_EQ(rows.at(0).device, "cuda:A Card");
  EXPECT_EQ(lines(read_file(folder / "imports")).size(), rows.size());
}

}  // namespace
}  // namespace memsweep::testing
