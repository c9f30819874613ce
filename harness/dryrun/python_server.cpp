#include "harness/dryrun/python_server.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

namespace fs = std::filesystem;

constexpr int kSocket = 3;  // as the server knows it

/// "python", "python3", "/usr/bin/python3.11".
bool is_python(const std::string& program) {
  constexpr std::string_view kName = "python";
  const std::string name = fs::path(program).filename();
  const auto of_a_version = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return name.starts_with(kName) && std::all_of(name.begin() + kName.size(), name.end(), of_a_version);
}

/// Flags of Python that change how a script runs; not what is run, nor whether PYTHONPATH counts.
bool is_flag(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word.find_first_not_of("bBdOPqsuv", 1) == std::string::npos;
}

/// Where the kernel lets nobody adopt, nobody could wait for the process.
void expect_child(pid_t pid) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0) return;
  kill(pid, SIGKILL);
  throw ServerGone();
}

bool takes_a_word(const std::string& word) { return word == "-X" || word == "-W"; }

}  // namespace

std::optional<PythonCommand> parse_python_command(const std::vector<std::string>& command) {
  if (command.empty() || !is_python(command.front())) return std::nullopt;
  auto word = command.begin() + 1;
  while (word != command.end() && (is_flag(*word) || takes_a_word(*word))) {
    if (takes_a_word(*word) && ++word == command.end()) return std::nullopt;
    ++word;
  }
  PythonCommand parsed{{{command.begin(), word}, "script", {}}, {}};
  if (word != command.end() && *word == "-m") {
    parsed.target.kind = "module";
    ++word;
  }
  if (word == command.end()) return std::nullopt;
  parsed.target.name = *word;
  parsed.arguments.assign(word + 1, command.end());
  std::error_code error;
  const bool is_script = parsed.target.kind == "script";
  if (is_script && (word->starts_with('-') || !fs::is_regular_file(*word, error))) return std::nullopt;
  return parsed;
}

PythonServer::PythonServer(PythonTarget target, const fs::path& server_script, const std::string& assumed,
                           const std::vector<std::string>& variables, Descriptors descriptors)
    : target_(std::move(target)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // what it forks and lets go of becomes a child of this process
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw ServerGone();
  socket_ = ends[0];
  std::vector<std::string> command = target_.interpreter;
  command.insert(command.end(),
                 {server_script, fmt::format("{}", kSocket), assumed, target_.kind, target_.name});
  descriptors.emplace_back(ends[1], kSocket);
  try {
    pid_ = start_command(command, variables, descriptors);
  } catch (const UsageError&) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
}

PythonServer::~PythonServer() {
  close(socket_);
  kill(pid_, SIGTERM);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

pid_t PythonServer::fork(const std::vector<std::string>& variables,
                         const std::vector<std::string>& arguments) {
  std::string request = fmt::format("{}", variables.size()) + '\0';
  for (const std::string& variable : variables) request += variable + '\0';
  for (const std::string& argument : arguments) request += argument + '\0';
  if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) throw ServerGone();
  std::array<char, 32> answer{};
  const ssize_t size = recv(socket_, answer.data(), answer.size(), 0);
  if (size <= 0) throw ServerGone();
  const auto pid = parse_number<pid_t>({answer.data(), static_cast<std::size_t>(size)});
  if (!pid) throw ServerGone();
  expect_child(*pid);
  return *pid;
}

}  // namespace memsweep
