// Shapes of models as a list of options: "layers=12,width=768".
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace memsweep {

/// An option of a model: its name, and what reads the value. `set` throws UsageError with a sentence.
struct SpecOption {
  std::string_view name;
  std::function<void(std::string_view value)> set;
};

/// Reads "name=value,name=value"; an empty text sets nothing. Throws UsageError for an option that the
/// model does not have, that has no value, or that is given twice.
void read_spec(std::string_view model, std::string_view text, std::span<const SpecOption> options);

/// A whole number from 1 to `limit`. Throws UsageError.
[[nodiscard]] std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t limit);

/// One of `known`, as its place in the list. Throws UsageError.
[[nodiscard]] std::size_t one_of(std::string_view option, std::string_view text,
                                 std::span<const std::string_view> known);

}  // namespace memsweep
