// Snapshots from strangers: whatever the bytes, they are read or refused, and what was read is replayed or
// refused.
#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/base/errors.h"
#include "harness/trace/input.h"
#include "harness/trace/read_recording.h"
#include "harness/trace/reenact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memsweep;
  try {
    Input input("input", std::string(reinterpret_cast<const char*>(data), size));
    const Recording recording = read_recording(input, {});
    if (recording.segments) {
      static_cast<void>(reenact(recording, {recording.release, recording.settings, std::nullopt, {}}));
    }
  } catch (const UsageError&) {
  }
  return 0;
}
