#pragma once

#include <string_view>

namespace memsweep {

/// Of a GPU's memory, in MHz, by the name of its profile: each GPU of profiles() has one. 0: it is none of
/// them.
[[nodiscard]] int memory_clock(std::string_view profile);

}  // namespace memsweep
