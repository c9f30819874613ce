#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/device/device.h"
#include "harness/memory/sources/host_arena.h"
#include "kernels/cpu/half_precision.h"

namespace memsweep {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

/// The number with which a file begins; nothing for another word ("max") or no file.
std::optional<std::size_t> number_of(const char* file) {
  std::ifstream in(file);
  std::size_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

/// The number behind a word of a file; nothing if it has no such word.
std::optional<std::size_t> number_behind(const char* file, std::string_view word) {
  std::ifstream in(file);
  std::size_t number = 0;
  for (std::string text; in >> text;) {
    if (text == word && in >> number) return number;
  }
  return std::nullopt;
}

/// What the machine can hand out without swapping; bytes.
std::size_t available_in_machine() {
  const auto kib = number_behind("/proc/meminfo", "MemAvailable:");
  return kib ? *kib * 1024 : kUnlimited;
}

/// What the control group leaves; its pages of files that nobody used lately give way. Bytes.
std::size_t available_in_group() {
  const auto limit = number_of("/sys/fs/cgroup/memory.max");
  const auto used = number_of("/sys/fs/cgroup/memory.current");
  if (!limit || !used) return kUnlimited;
  const std::size_t idle = number_behind("/sys/fs/cgroup/memory.stat", "inactive_file").value_or(0);
  const std::size_t busy = *used - std::min(*used, idle);
  return *limit - std::min(*limit, busy);
}

std::size_t within_the_machine(std::size_t cap) {
  const std::size_t available = std::min(available_in_machine(), available_in_group());
  if (cap <= available) return cap;
  throw UsageError(
      fmt::format("--memory {} is more than the {} that is available now; --device sim needs none of it",
                  format_bytes(cap), format_bytes(available)));
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
  Address allocate_host(std::size_t bytes) override {
    return reinterpret_cast<Address>(::operator new(bytes));
  }
  void free_host(Address address) noexcept override { ::operator delete(reinterpret_cast<void*>(address)); }
  void execute(const OpCall& call, const Views& views) override { execute_on_cpu(call, views, wide_); }
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
  WideOperands wide_;
};

}  // namespace

std::unique_ptr<Device> make_cpu(std::size_t memory_bytes) {
  return std::make_unique<CpuDevice>(memory_bytes);
}

}  // namespace memsweep
