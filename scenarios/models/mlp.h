// The multi-layer perceptron: linear, then (except behind the last) [layer or batch norm] activation
// [dropout].
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "scenarios/model.h"

namespace memsweep {

/// "784-4096-4096-10", "256-256x24-10", of the model of that name. Throws UsageError.
[[nodiscard]] std::vector<std::int64_t> parse_widths(std::string_view text, std::string_view model = "mlp");

/// Whether a hidden layer, with all that belongs to it, is a module of its own, whose input lives until it is
/// done; or all is one flat torch.nn.Sequential, where a value dies as soon as the next layer has run. The
/// two differ where a layer does not save its input: under recomputation and under autocast.
enum class Blocks : std::uint8_t { modules, flat };

[[nodiscard]] ForwardPass layers(std::string_view shape, const ModelOptions& options, Blocks blocks);

[[nodiscard]] ForwardPass parse_mlp(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
