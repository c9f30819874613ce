#include "harness/dryrun/hidden_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

int nameless_file() {
  std::string pattern = std::filesystem::temp_directory_path() / "memsweep-output-XXXXXX";
  const int descriptor = mkostemp(pattern.data(), O_APPEND | O_CLOEXEC);
  if (descriptor < 0) throw UsageError(fmt::format("no file can be made at {}", pattern));
  unlink(pattern.c_str());
  return descriptor;
}

}  // namespace

HiddenOutput::HiddenOutput() : descriptor_(nameless_file()) {}

HiddenOutput::~HiddenOutput() { close(descriptor_); }

std::string HiddenOutput::text() const {
  std::string text;
  std::array<char, 65536> part{};
  for (ssize_t size = 1; size > 0;) {
    size = pread(descriptor_, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

void HiddenOutput::clear() {
  if (ftruncate(descriptor_, 0) != 0) throw UsageError("a temporary file cannot be emptied");
}

EmptyInput::EmptyInput() : descriptor_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw UsageError("/dev/null cannot be read");
}

EmptyInput::~EmptyInput() { close(descriptor_); }

}  // namespace memsweep
