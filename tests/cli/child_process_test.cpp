#include "harness/cli/child_process.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <new>
#include <thread>

#include <gtest/gtest.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

/// The sentence of a failure; empty if there is none.
std::string failure_of(const std::function<std::string()>& work, const ChildLimits& limits = {}) {
  try {
    static_cast<void>(in_child_process(work, limits));
  } catch (const ChildFailure& failure) {
    return failure.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

TEST(ChildProcess, ReturnsWhatTheWorkReturnsInAnotherProcess) {
  const std::string here = std::to_string(getpid());
  const std::string there = in_child_process([] { return std::to_string(getpid()); }, {});
  EXPECT_FALSE(there.empty());
  EXPECT_NE(there, here);
  EXPECT_EQ(in_child_process([] { return std::string(); }, {}), "");
}

TEST(ChildProcess, ReturnsMoreThanAPipeHolds) {
  constexpr std::size_t kMany = 5'000'000;
  const std::string text = in_child_process([] { return std::string(kMany, 'x'); }, {});
  EXPECT_EQ(text, std::string(kMany, 'x'));
}

TEST(ChildProcess, SaysWhichSignalEndedIt) {
  const auto killed = [](int signal) {
    return failure_of([signal] {
      std::signal(signal, SIG_DFL);  // a sanitizer's handler would exit instead
      std::raise(signal);
      return std::string();
    });
  };
  EXPECT_TRUE(says(killed(SIGSEGV), "ended by signal 11 (Segmentation fault)")) << killed(SIGSEGV);
  EXPECT_TRUE(says(killed(SIGKILL), "as the kernel does where host memory runs out")) << killed(SIGKILL);
}

TEST(ChildProcess, SaysThatItEndedByItself) {
  const auto exits = [] {
    _exit(7);
    return std::string();
  };
  EXPECT_TRUE(says(failure_of(exits), "ended by itself with status 7")) << failure_of(exits);
}

TEST(ChildProcess, IsEndedAtItsLimit) {
  const auto start = std::chrono::steady_clock::now();
  const std::string failure = failure_of(
      [] {
        hang();
        return std::string();
      },
      {.seconds = 0.3});
  EXPECT_TRUE(says(failure, "ended after 0.3 s")) << failure;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(ChildProcess, ThrowsOnWhatTheWorkThrows) {
  const auto run = [](auto error) { return in_child_process([&]() -> std::string { throw error; }, {}); };
  EXPECT_THROW(static_cast<void>(run(UsageError("no"))), UsageError);
  EXPECT_THROW(static_cast<void>(run(DeviceError("no"))), DeviceError);
  EXPECT_THROW(static_cast<void>(run(Interrupted())), Interrupted);
  EXPECT_THROW(static_cast<void>(run(std::bad_alloc())), ChildFailure);
  EXPECT_EQ(failure_of([]() -> std::string { throw std::runtime_error("seven"); }), "seven");
}

TEST(ChildProcess, EndsWhenTheUserStops) {
  int asked = 0;
  const ChildLimits limits{.interrupted = [&asked] { return ++asked > 2; }};
  EXPECT_THROW(static_cast<void>(in_child_process(
                   [] {
                     hang();
                     return std::string();
                   },
                   limits)),
               Interrupted);
}

TEST(ChildProcess, LeavesNoTraceInThisOne) {
  int value = 1;
  static_cast<void>(in_child_process(
      [&value] {
        value = 2;
        return std::string();
      },
      {}));
  EXPECT_EQ(value, 1);
}

}  // namespace
}  // namespace memsweep
