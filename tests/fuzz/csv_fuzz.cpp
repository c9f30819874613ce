// Allocation logs of RMM from strangers.
#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/base/errors.h"
#include "harness/trace/input.h"
#include "harness/trace/recorded_trace.h"
#include "harness/trace/rmm_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memsweep;
  try {
    Input input("input",
                std::string(kRmmHeader) + "\n" + std::string(reinterpret_cast<const char*>(data), size));
    static_cast<void>(trace_of(read_rmm_log(input), {}, {}));
  } catch (const UsageError&) {
  }
  return 0;
}
