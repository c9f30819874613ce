#include "kernels/cpu/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

namespace memsweep {
namespace {

using cpu::parallel_for;

/// How often each of n elements was visited by a loop of that grain.
std::vector<int> visits(std::int64_t n, std::int64_t grain) {
  std::vector<int> count(static_cast<std::size_t>(n));
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++count[static_cast<std::size_t>(i)];
  });
  return count;
}

TEST(Parallel, EveryElementIsVisitedOnce) {
  for (const std::int64_t n : {0, 1, 7, 64, 65, 1000}) {
    for (const std::int64_t grain : {1, 3, 64, 2000}) {
      EXPECT_EQ(visits(n, grain), std::vector<int>(static_cast<std::size_t>(n), 1)) << n << " by " << grain;
    }
  }
}

TEST(Parallel, BlocksDependOnTheGrainOnly) {
  std::atomic<int> wrong = 0;
  parallel_for(1000, 64, [&](std::int64_t begin, std::int64_t end) {
    if (begin % 64 != 0 || end != std::min<std::int64_t>(1000, begin + 64)) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Parallel, ManyShortLoopsInARowLoseNothing) {
  std::int64_t sum = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::int64_t parts[4] = {};
    parallel_for(4, 1, [&](std::int64_t begin, std::int64_t) { parts[begin] = begin + round; });
    for (const auto part : parts) sum += part;
  }
  EXPECT_EQ(sum, 4 * 19'999LL * 20'000 / 2 + 6 * 20'000);
}

TEST(Parallel, ALoopWithinALoopRunsOnItsCaller) {
  std::atomic<int> total = 0;
  parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
    parallel_for(100, 10,
                 [&](std::int64_t begin, std::int64_t end) { total += static_cast<int>(end - begin); });
  });
  EXPECT_EQ(total, 800);
}

TEST(Parallel, TwoCallersAtOnceBothFinish) {
  const auto repeat = [](std::atomic<bool>& right) {
    for (int i = 0; i < 500; ++i) right = right && visits(1000, 10) == std::vector<int>(1000, 1);
  };
  std::atomic<bool> here = true, there = true;
  std::thread other([&] { repeat(there); });
  repeat(here);
  other.join();
  EXPECT_TRUE(here && there);
}

TEST(Parallel, AForkedChildStartsThreadsOfItsOwn) {
  visits(1000, 10);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(visits(1000, 10) == std::vector<int>(1000, 1) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace memsweep
