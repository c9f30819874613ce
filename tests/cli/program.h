// The built program, started as a user starts it.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/report/temporary_folder.h"

namespace memsweep::testing {

using Words = std::vector<std::string>;

/// The words between blanks.
inline Words words(const std::string& text) {
  std::istringstream in(text);
  Words list;
  for (std::string word; in >> word;) list.push_back(word);
  return list;
}

inline Words lines(const std::string& text) {
  std::istringstream in(text);
  Words list;
  for (std::string line; std::getline(in, line);) list.push_back(line);
  return list;
}

struct Finished {
  int status = 0;  // 128 + the signal where one ended it
  std::string out, err;
};

/// Runs in a folder, and in an environment from which memsweep's own variables are taken.
class ProgramRun {
 public:
  ProgramRun(const std::filesystem::path& folder, const Words& arguments, const Words& environment = {}) {
    const std::string out = output_ / "out", err = output_ / "err";
    Words argv_words{MEMSWEEP_PROGRAM};
    argv_words.insert(argv_words.end(), arguments.begin(), arguments.end());
    Words variables = environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text = *variable;
      if (!text.starts_with("MEMSWEEP_") && !text.starts_with("PYTORCH_")) variables.emplace_back(text);
    }
    const auto argv = pointers(argv_words), envp = pointers(variables);
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    constexpr unsigned kHungSeconds = 120;
    alarm(kHungSeconds);  // outlives the execve
    const bool ready =
        chdir(folder.c_str()) == 0 && redirect(out, STDOUT_FILENO) && redirect(err, STDERR_FILENO);
    if (ready) execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  ~ProgramRun() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

  void send(int signal) const { kill(pid_, signal); }

  Finished finish() {
    int state = 0;
    waitpid(pid_, &state, 0);
    pid_ = 0;
    return {WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state), read_file(output_ / "out"),
            read_file(output_ / "err")};
  }

 private:
  static std::vector<char*> pointers(Words& list) {
    std::vector<char*> result;
    for (std::string& word : list) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
  }
  static bool redirect(const std::string& file, int descriptor) {
    const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return opened >= 0 && dup2(opened, descriptor) == descriptor;
  }

  TemporaryFolder output_;
  pid_t pid_ = 0;
};

inline Finished run(const TemporaryFolder& folder, const Words& arguments, const Words& environment = {}) {
  return ProgramRun(folder.path(), arguments, environment).finish();
}

inline Finished run(const TemporaryFolder& folder, const std::string& arguments,
                    const Words& environment = {}) {
  return run(folder, words(arguments), environment);
}

/// Expects one sentence on stderr that holds `part`, and nothing on stdout.
inline void expect_refused(const Finished& finished, std::string_view part, int status = 2) {
  EXPECT_EQ(finished.status, status) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(lines(finished.err).size(), 1U) << finished.err;
  EXPECT_TRUE(finished.err.starts_with("memsweep: ")) << finished.err;
  EXPECT_NE(finished.err.find(part), std::string::npos) << finished.err;
}

/// Expects an end without a complaint; that rows were taken from the file is none.
inline void expect_done(const Finished& finished) {
  EXPECT_EQ(finished.status, 0);
  for (const auto& line : lines(finished.err)) {
    EXPECT_NE(line.find("rows were measured before and are taken from"), std::string::npos) << line;
  }
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The lines of a report's table, without its header.
inline std::vector<Words> table_of(const std::string& report) {
  std::vector<Words> rows;
  bool inside = false;
  for (const std::string& line : lines(report)) {
    if (inside && (line.empty() || line.starts_with("Rows: "))) break;
    if (inside) rows.push_back(words(line));
    inside = inside || line.starts_with("---");
  }
  return rows;
}

// A model, and what to run it with, that take milliseconds.
inline const std::string kTiny = "--model mlp:16-16x4-4 --memory 16MiB --time-limit 0.05 ";
inline const std::string kSweep = "--scenario checkpointing " + kTiny;
inline const std::string kSimSweep = kSweep + "--device sim --csv rows.csv ";

}  // namespace memsweep::testing
