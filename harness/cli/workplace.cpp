#include "harness/cli/workplace.h"

#include <stdexcept>
#include <utility>

#include "harness/base/errors.h"
#include "harness/device/open_cuda.h"

namespace memsweep {
namespace {

/// What another process said of a device that it had opened.
class DescribedDevice final : public Device {
 public:
  DescribedDevice(std::string name, std::string libraries, Profile profile)
      : name_(std::move(name)), libraries_(std::move(libraries)), profile_(std::move(profile)) {}

  std::string name() const override { return name_; }
  const Profile& profile() const override { return profile_; }
  std::string libraries() const override { return libraries_; }
  bool computes() const override { return true; }
  SegmentSource& memory() override { refuse(); }
  Address allocate_host(std::size_t) override { refuse(); }
  void free_host(Address) noexcept override {}
  void execute(const OpCall&, const Views&) override { refuse(); }
  double now() override { refuse(); }
  void read(Address, void*, std::size_t) override { refuse(); }

 private:
  [[noreturn]] static void refuse() { throw std::logic_error("this device is described only"); }

  std::string name_, libraries_;
  Profile profile_;
};

std::unique_ptr<Device> described_by_a_child(const CudaRequest& request, const ChildLimits& limits) {
  const std::string text = [&] {
    try {
      return in_child_process(
          [&] {
            const auto device = open_cuda(request);
            return device->name() + "\n" + device->libraries() + "\n" + profile_text(device->profile());
          },
          limits);
    } catch (const ChildFailure& failure) {
      throw DeviceError(std::string("the GPU cannot be opened: ") + failure.what());
    }
  }();
  const auto name_end = text.find('\n'), end = text.find('\n', name_end + 1);
  return std::make_unique<DescribedDevice>(text.substr(0, name_end),
                                           text.substr(name_end + 1, end - name_end - 1),
                                           parse_profile(text.substr(end + 1)));
}

}  // namespace

void Workplace::forget_failures(Device& device) {
  try {
    device.expect_sound();
  } catch (const DeviceError&) {
    return;
  }
}

Workplace::Workplace(const DeviceOptions& device, const IsolationOptions& isolation,
                     std::function<bool()> interrupted)
    : limits_{.interrupted = std::move(interrupted)}, isolated_(isolation.limit_seconds.has_value()) {
  if (isolation.limit_seconds) limits_.seconds = *isolation.limit_seconds;
  opened_ =
      isolation.in_process ? open_device(device) : open_device(device, [this](const CudaRequest& request) {
        auto described = described_by_a_child(request, limits_);
        reopen_ = [request] { return open_cuda(request); };
        isolated_ = true;
        return described;
      });
}

}  // namespace memsweep
