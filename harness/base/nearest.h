// "there is no X 'foo'; did you mean 'fop'?"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace memsweep {

/// The one of `known` that `name` begins, or of which it is a typing error; nothing where none is near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> known);

/// One sentence on a name that is not among `known`: with the nearest one if one is near, else with all.
[[nodiscard]] std::string unknown(std::string_view what, std::string_view name,
                                  std::span<const std::string_view> known);

}  // namespace memsweep
