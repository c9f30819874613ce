#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/device/device.h"
#include "harness/memory/sources/host_arena.h"
#include "kernels/cpu/bodies.h"

namespace memsweep {
namespace {

/// Physical memory, or what a control group leaves of it; bytes.
std::size_t host_memory() {
  const auto pages = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES));
  const std::size_t physical = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t group = physical;
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  if (!(limit >> group)) group = physical;  // "max", or no such file
  return std::min(physical, group);
}

std::size_t within_the_machine(std::size_t cap) {
  if (cap > host_memory()) {
    throw UsageError(
        fmt::format("--memory {} is more than the {} of this machine; --device sim needs none of it",
                    format_bytes(cap), format_bytes(host_memory())));
  }
  return cap;
}

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(std::size_t memory_bytes)
      : profile_(find_profile("cpu")), arena_(within_the_machine(memory_bytes)) {
    profile_.memory_bytes = memory_bytes;
  }

  std::string name() const override { return "cpu"; }
  const Profile& profile() const override { return profile_; }
  SegmentSource& memory() override { return arena_; }
  void execute(const OpCall& call, const Views& views) override { cpu_body(call.op)(call, views); }
  double now() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  bool computes() const override { return true; }
  void read(Address from, void* to, std::size_t bytes) override {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  }

 private:
  Profile profile_;
  HostArena arena_;
};

}  // namespace

std::unique_ptr<Device> make_cpu(std::size_t memory_bytes) {
  return std::make_unique<CpuDevice>(memory_bytes);
}

}  // namespace memsweep
