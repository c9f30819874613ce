#include "harness/cli/progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

namespace memsweep {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";

}  // namespace

Progress::Progress(bool quiet) : on_(!quiet && isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view line) const {
  if (!on_) return;
  fmt::print(stderr, "{}{}", kClearLine, line);
  std::fflush(stderr);
}

void Progress::clear() const { show(""); }

}  // namespace memsweep
