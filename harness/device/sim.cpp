#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/device/device.h"
#include "harness/memory/sources/counting.h"

namespace memsweep {
namespace {

class SimDevice final : public Device {
 public:
  SimDevice(Profile profile, bool timed)
      : profile_(std::move(profile)), timed_(timed), memory_(profile_.memory_bytes, profile_.context_bytes) {}

  std::string name() const override { return fmt::format("sim:{}", profile_.name); }
  const Profile& profile() const override { return profile_; }
  SegmentSource& memory() override { return memory_; }

  Address allocate_host(std::size_t) override { return ++last_host_address_; }
  void free_host(Address) noexcept override {}

  /// Roofline: the launch, and then whichever takes longer, arithmetic or traffic.
  void execute(const OpCall& call, const Views&) override {
    if (!timed_) return;
    const Cost cost = row_of(call.op).cost(call);
    if (cost.link_bytes > 0) seconds_ += profile_.launch_seconds + cost.link_bytes / profile_.link_bandwidth;
    if (cost.bytes == 0) return;
    const double arithmetic = cost.flops / (rate_of(profile_, call) * profile_.product_share);
    const double traffic = cost.bytes / (profile_.bandwidth * profile_.bandwidth_share);
    seconds_ += profile_.launch_seconds + std::max(arithmetic, traffic);
  }

  double now() override { return seconds_; }
  bool computes() const override { return false; }
  void read(Address, void*, std::size_t) override {
    throw std::logic_error("a simulated device has no values");
  }

 private:
  Profile profile_;
  bool timed_;
  CountingSource memory_;
  double seconds_ = 0;
  Address last_host_address_ = 0;
};

}  // namespace

std::unique_ptr<Device> make_sim(Profile profile) {
  return std::make_unique<SimDevice>(std::move(profile), true);
}

std::unique_ptr<Device> make_untimed_sim(Profile profile) {
  return std::make_unique<SimDevice>(std::move(profile), false);
}

}  // namespace memsweep
