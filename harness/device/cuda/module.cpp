// The one function that the module exports.
#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/device/cuda/cuda_device.h"
#include "kernels/cuda/check.h"

namespace memsweep {
namespace {

int count_gpus() {
  int count = 0;
  cuda::check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

}  // namespace
}  // namespace memsweep

extern "C" memsweep::Device* memsweep_open_cuda(const memsweep::CudaRequest& request) {
  using namespace memsweep;
  try {
    const int count = count_gpus();
    if (request.index >= count)
      throw DeviceError(
          fmt::format("there is no cuda:{}: the driver counts {} GPUs, from 0", request.index, count));
    cuda::check(cudaSetDevice(request.index), "cudaSetDevice");
    return new CudaDevice(request);
  } catch (const CudaError& error) {
    throw DeviceError(fmt::format("no GPU can be used: {}", error.what()));
  }
}
