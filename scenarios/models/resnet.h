// Residual nets as torchvision builds them: a stem, stages of residual blocks whose channels double and whose
// images halve from stage to stage, a mean over places, and a linear layer.
#pragma once

#include <string_view>

#include "scenarios/model.h"

namespace memsweep {

/// "blocks=3-4-6-3,kind=bottleneck,width=64,stem=imagenet,classes=1000,size=224,momentum=0.1": blocks of each
/// stage; `basic` of two 3x3 convolutions, or `bottleneck` of 1x1, 3x3, and 1x1 to four times the channels;
/// channels of the first stage; a stem of a 7x7 convolution and pooling, or `cifar`, of one 3x3. Throws
/// UsageError.
[[nodiscard]] ForwardPass parse_resnet(std::string_view shape, const ModelOptions& options);

}  // namespace memsweep
