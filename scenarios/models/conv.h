// A convolutional net: for each pair of channels a 3x3 convolution, batch norm, activation and 2x2 max
// pooling; then a linear layer. Convolutions have memory for columns, as PyTorch's do without cuDNN.
#pragma once

#include <string_view>

#include "scenarios/model.h"

namespace memsweep {

/// "channels=3-64-128,classes=10,size=32,momentum=0.1"; size may be HEIGHTxWIDTH, momentum is that of the
/// running statistics. Throws UsageError.
[[nodiscard]] ForwardPass parse_conv(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
