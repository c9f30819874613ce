#include <chrono>
#include <cstring>

#include "harness/device/device.h"
#include "harness/memory/sources/host_arena.h"
#include "kernels/cpu/bodies.h"

namespace memsweep {
namespace {

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(std::size_t memory_bytes) : profile_(find_profile("cpu")), arena_(memory_bytes) {
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
