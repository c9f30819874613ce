#include "harness/dryrun/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kGrace{10};  // between SIGTERM and SIGKILL

struct Signal {
  int number = 0;
  int code = 0;  // what siginfo_t says of its sender
};

std::atomic<int> signal_pipe{-1};  // the end that is written to

void write_signal(int number, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  const Signal signal{number, info->si_code};
  [[maybe_unused]] const ssize_t written = write(signal_pipe, &signal, sizeof signal);
  errno = error;
}

/// Takes the signals that end a wait, one by one. Blocking them would not do: a thread of a library that does
/// not would take them instead.
class CaughtSignals {
 public:
  CaughtSignals() {
    if (pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw UsageError("no pipe can be made");
    signal_pipe = ends_[1];
    struct sigaction action {};
    action.sa_sigaction = write_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    for (std::size_t i = 0; i < kAwaited.size(); ++i) sigaction(kAwaited[i], &action, &before_[i]);
  }
  ~CaughtSignals() {
    for (std::size_t i = 0; i < kAwaited.size(); ++i) sigaction(kAwaited[i], &before_[i], nullptr);
    for (const int end : ends_) close(end);
  }
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;

  /// The next of them; none where `deadline` comes first.
  std::optional<Signal> next(std::optional<Clock::time_point> deadline) const {
    Signal signal;
    while (read(ends_[0], &signal, sizeof signal) != sizeof signal) {
      pollfd readable{.fd = ends_[0], .events = POLLIN, .revents = 0};
      if (poll(&readable, 1, deadline ? milliseconds_until(*deadline) : -1) == 0) return std::nullopt;
    }
    return signal;
  }

 private:
  static constexpr std::array kAwaited{SIGCHLD, SIGINT, SIGTERM};

  static int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
  }

  std::array<int, 2> ends_{};
  std::array<struct sigaction, kAwaited.size()> before_{};
};

std::vector<char*> pointers(const std::vector<std::string>& list) {
  std::vector<char*> result;
  for (const std::string& text : list) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

pid_t start_command(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                    const Descriptors& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [from, to] : descriptors) posix_spawn_file_actions_adddup2(&actions, from, to);
  const auto argv = pointers(command), envp = pointers(variables);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) throw UsageError(fmt::format("there is no command '{}'", command.front()));
  if (error != 0)
    throw UsageError(fmt::format("'{}' cannot be started: {}", command.front(), std::strerror(error)));
  return pid;
}

ChildEnd run_child(const StartChild& start, TimeLimit time_limit) {
  const CaughtSignals signals;
  const pid_t pid = start();
  const auto began = Clock::now();
  std::optional<Clock::time_point> deadline;
  if (time_limit) deadline = began + std::chrono::duration_cast<Clock::duration>(*time_limit);
  ChildEnd end;
  const auto pass_on = [&](const Signal& signal) {
    if (signal.number == SIGCHLD) return;
    end.interrupted = true;
    kill(pid, signal.number);
  };
  while (const auto signal = signals.next(began)) pass_on(*signal);  // the child may have missed them
  int state = 0;
  while (waitpid(pid, &state, WNOHANG) == 0) {
    const auto signal = signals.next(deadline);
    if (!signal) {
      kill(pid, end.out_of_time ? SIGKILL : SIGTERM);
      deadline = Clock::now() + kGrace;
      end.out_of_time = true;
    } else if (signal->number != SIGCHLD && signal->code == SI_KERNEL) {
      end.interrupted = true;  // Ctrl-C reaches the command from the terminal, as it reaches this process
    } else {
      pass_on(*signal);
    }
  }
  end.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  end.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return end;
}

ChildEnd run_child(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                   TimeLimit time_limit) {
  return run_child([&] { return start_command(command, variables); }, time_limit);
}

}  // namespace memsweep
