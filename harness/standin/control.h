// For tests in the process that uses the stand-in: what the modelled devices are, what is to fail, what was
// called and what is still there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace memsweep::standin {

/// New devices as MEMSWEEP_STANDIN would describe them ("memory=1GiB,compute=on"), in place of the present
/// ones: every pointer and handle from before is void. Throws UsageError.
void reset(std::string_view settings);

/// From now on these calls fail, and only these: "cudaMalloc:3:cudaErrorMemoryAllocation" (parse_fault() says
/// more). Events can be held back so: "cudaEventQuery:every:cudaErrorNotReady". Calls are counted from here.
/// Throws UsageError.
void set_faults(std::initializer_list<std::string_view> faults);

/// How often a function was called since reset() or set_faults(), whether it failed or not.
[[nodiscard]] std::uint64_t calls_of(std::string_view function);

/// The same of every function that was called.
[[nodiscard]] std::map<std::string, std::uint64_t> calls();

/// What is allocated or created and not given back: how many, by the function that makes them.
[[nodiscard]] std::map<std::string, std::size_t> live();

}  // namespace memsweep::standin
