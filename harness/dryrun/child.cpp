#include "harness/dryrun/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kGrace{10};  // between SIGTERM and SIGKILL

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&set, signal);
  return set;
}

/// Keeps the signals from this process, so that sigtimedwait takes them one by one.
class BlockedSignals {
 public:
  BlockedSignals() { sigprocmask(SIG_BLOCK, &set_, &before_); }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  [[nodiscard]] const sigset_t& set() const { return set_; }
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t set_ = awaited_signals();
  sigset_t before_{};
};

std::vector<char*> pointers(const std::vector<std::string>& list) {
  std::vector<char*> result;
  for (const std::string& text : list) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

timespec to_timespec(Clock::duration duration) {
  const auto nanoseconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
  return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

/// The next of the signals; 0 where `deadline` comes first.
int next_signal(const sigset_t& set, std::optional<Clock::time_point> deadline, siginfo_t& info) {
  while (true) {
    const timespec left = deadline ? to_timespec(*deadline - Clock::now()) : timespec{};
    const int signal = deadline ? sigtimedwait(&set, &info, &left) : sigwaitinfo(&set, &info);
    if (signal > 0) return signal;
    if (errno == EAGAIN) return 0;
  }
}

/// What came while `pid` was being started may have missed it.
void pass_on_pending(pid_t pid) {
  sigset_t pending;
  sigpending(&pending);
  for (const int signal : {SIGINT, SIGTERM}) {
    if (sigismember(&pending, signal) == 1) kill(pid, signal);
  }
}

}  // namespace

pid_t start_command(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                    const sigset_t& mask, const Descriptors& descriptors) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [from, to] : descriptors) posix_spawn_file_actions_adddup2(&actions, from, to);
  const auto argv = pointers(command), envp = pointers(variables);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) throw UsageError(fmt::format("there is no command '{}'", command.front()));
  if (error != 0)
    throw UsageError(fmt::format("'{}' cannot be started: {}", command.front(), std::strerror(error)));
  return pid;
}

ChildEnd run_child(const StartChild& start, TimeLimit time_limit) {
  const BlockedSignals signals;
  const pid_t pid = start(signals.before());
  pass_on_pending(pid);
  const auto began = Clock::now();
  std::optional<Clock::time_point> deadline;
  if (time_limit) deadline = began + std::chrono::duration_cast<Clock::duration>(*time_limit);
  ChildEnd end;
  int state = 0;
  while (waitpid(pid, &state, WNOHANG) == 0) {
    siginfo_t info{};
    const int signal = next_signal(signals.set(), deadline, info);
    if (signal == 0) {
      kill(pid, end.out_of_time ? SIGKILL : SIGTERM);
      deadline = Clock::now() + kGrace;
      end.out_of_time = true;
    } else if (signal != SIGCHLD) {
      end.interrupted = true;
      // Ctrl-C reaches the command from the terminal, as it reaches this process.
      if (info.si_code != SI_KERNEL) kill(pid, signal);
    }
  }
  end.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  end.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return end;
}

ChildEnd run_child(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                   TimeLimit time_limit) {
  return run_child([&](const sigset_t& mask) { return start_command(command, variables, mask); }, time_limit);
}

}  // namespace memsweep
