// "there is no X 'foo'; did you mean 'fop'?"
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace memsweep {

/// One sentence on a name that is not among `known`: with the nearest one if one is near, else with all.
[[nodiscard]] std::string unknown(std::string_view what, std::string_view name,
                                  std::span<const std::string_view> known);

}  // namespace memsweep
