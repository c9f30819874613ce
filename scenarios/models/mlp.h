// The multi-layer perceptron: linear, then (except behind the last) [layer norm] activation [dropout].
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "scenarios/model.h"

namespace memsweep {

/// "784-4096-4096-10", "256-256x24-10". Throws UsageError.
[[nodiscard]] std::vector<std::int64_t> parse_widths(std::string_view text);

[[nodiscard]] ForwardPass parse_mlp(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
