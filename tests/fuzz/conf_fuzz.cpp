// Allocator settings, as wrong as can be.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/base/errors.h"
#include "harness/memory/explain_settings.h"
#include "harness/memory/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memsweep;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PytorchRelease release : {PytorchRelease::v2_11, PytorchRelease::v2_13, PytorchRelease::v2_15}) {
    static_cast<void>(explain_settings(text, release));
    try {
      static_cast<void>(reparse_settings(parse_settings(text, release), text, release));
    } catch (const UsageError&) {
    }
  }
  return 0;
}
