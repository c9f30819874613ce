// The multi-layer perceptron in one flat torch.nn.Sequential: Blocks::flat of mlp.h.
#pragma once

#include <string_view>

#include "scenarios/model.h"

namespace memsweep {

[[nodiscard]] ForwardPass parse_sequential(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
