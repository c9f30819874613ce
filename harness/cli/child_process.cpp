#include "harness/cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

using Clock = std::chrono::steady_clock;

// What the child sends begins with what it is; then come the result, or the sentence of an exception.
constexpr char kResult = 'r', kUsage = 'u', kDevice = 'd', kInterrupted = 'i', kOther = 'o';

std::string outcome_of(const std::function<std::string()>& work) {
  try {
    return kResult + work();
  } catch (const UsageError& error) {
    return kUsage + std::string(error.what());
  } catch (const DeviceError& error) {
    return kDevice + std::string(error.what());
  } catch (const Interrupted&) {
    return std::string(1, kInterrupted);
  } catch (const std::exception& error) {
    return kOther + std::string(error.what());
  }
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// The first to be ended where host memory runs out; refused by no kernel.
void volunteer_for_the_oom_killer() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(write_all(file, "1000"));
  close(file);
}

/// Exits without what this process would do at its end: that is the parent's to do.
[[noreturn]] void be_the_child(pid_t parent, int descriptor, const std::function<std::string()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  std::signal(SIGINT, SIG_IGN);  // a terminal sends it to both: the parent ends its child
  std::signal(SIGTERM, SIG_DFL);
  volunteer_for_the_oom_killer();
  _exit(write_all(descriptor, outcome_of(work)) ? 0 : 1);
}

class Child {
 public:
  explicit Child(const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    const pid_t parent = getpid();
    std::fflush(nullptr);  // or the child would have it in its buffers, too
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
      close(ends[0]);
      be_the_child(parent, ends[1], work);
    }
    close(ends[1]);
    descriptor_ = ends[0];
  }
  ~Child() {
    close(descriptor_);
    if (pid_ > 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Reads what there is, waiting a little for it; false at the end of all.
  bool read_some(std::string& text) {
    constexpr int kPatienceMilliseconds = 100;
    pollfd ready{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPatienceMilliseconds) <= 0) return true;
    std::array<char, 65536> buffer{};
    const ssize_t count = read(descriptor_, buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    return count != 0;
  }

  /// How it ended, as waitpid() says.
  int wait() {
    int state = 0;
    while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return state;
  }

  void end() {
    kill(pid_, SIGKILL);
    wait();
  }

 private:
  [[noreturn]] static void fail(const char* call) {
    throw ChildFailure(fmt::format("{} failed: {}", call, std::strerror(errno)));
  }

  pid_t pid_ = 0;
  int descriptor_ = -1;
};

std::string ending(int state) {
  if (WIFEXITED(state))
    return fmt::format("the process of the trial ended by itself with status {}", WEXITSTATUS(state));
  const int signal = WTERMSIG(state);
  return fmt::format("the process of the trial was ended by signal {} ({}){}", signal, strsignal(signal),
                     signal == SIGKILL ? ", as the kernel does where host memory runs out" : "");
}

std::string result_in(const std::string& message, int state) {
  const bool whole = WIFEXITED(state) && WEXITSTATUS(state) == 0 && !message.empty();
  if (!whole) throw ChildFailure(ending(state));
  std::string text = message.substr(1);
  switch (message.front()) {
    case kResult: return text;
    case kUsage: throw UsageError(text);
    case kDevice: throw DeviceError(text);
    case kInterrupted: throw Interrupted();
    default: throw ChildFailure(text);
  }
}

}  // namespace

std::string in_child_process(const std::function<std::string()>& work, const ChildLimits& limits) {
  Child child(work);
  const auto start = Clock::now();
  std::string message;
  while (child.read_some(message)) {
    if (limits.interrupted && limits.interrupted()) throw Interrupted();
    if (std::chrono::duration<double>(Clock::now() - start).count() > limits.seconds) {
      throw ChildFailure(
          fmt::format("the process of the trial was ended after {} s, the limit of a trial", limits.seconds));
    }
  }
  const int state = child.wait();
  return result_in(message, state);
}

}  // namespace memsweep
