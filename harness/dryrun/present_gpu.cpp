#include "harness/dryrun/present_gpu.h"

#include <dlfcn.h>

#include <array>

#include <fmt/format.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

constexpr const char* kDriver = "libcuda.so.1";

/// A function of the driver, each of which returns 0 where it works.
template <typename... Arguments>
class DriverFunction {
 public:
  DriverFunction(void* driver, const char* name)
      : name_(name), function_(reinterpret_cast<int (*)(Arguments...)>(dlsym(driver, name))) {
    if (function_ == nullptr)
      throw DeviceError(fmt::format("no GPU can be used: {} has no {}", kDriver, name));
  }

  void operator()(Arguments... arguments) const {
    if (const int error = function_(arguments...); error != 0)
      throw DeviceError(fmt::format("no GPU can be used: {} returned {}", name_, error));
  }

 private:
  const char* name_;
  int (*function_)(Arguments...);
};

}  // namespace

PresentGpu present_gpu() {
  void* driver = dlopen(kDriver, RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr)
    throw DeviceError(fmt::format("no GPU can be used: the driver is not there ({})", dlerror()));
  DriverFunction<unsigned>(driver, "cuInit")(0);
  int count = 0, device = 0;
  DriverFunction<int*>(driver, "cuDeviceGetCount")(&count);
  if (count == 0) throw DeviceError("no GPU can be used: the driver has none");
  DriverFunction<int*, int>(driver, "cuDeviceGet")(&device, 0);
  std::array<char, 256> name{};
  DriverFunction<char*, int, int>(driver, "cuDeviceGetName")(name.data(), name.size(), device);
  PresentGpu gpu{.name = name.data()};
  DriverFunction<std::size_t*, int>(driver, "cuDeviceTotalMem_v2")(&gpu.memory_bytes, device);
  return gpu;
}

}  // namespace memsweep
