// Code for GPUs in this process that the stand-in does not see.
#pragma once

#include <string>
#include <vector>

namespace memsweep::standin {

/// Files of loaded libraries, and of the program, that hold kernels without being linked with libcudart: a
/// runtime of CUDA is part of them, and asks the driver past the stand-in. Those of NVIDIA that PyTorch is
/// linked with are left out: what it calls of them has a stand-in. So is the decoder that comes with
/// torchvision: it asks for what is not modelled as soon as it is used.
[[nodiscard]] std::vector<std::string> files_with_own_runtime();

}  // namespace memsweep::standin
