#include "harness/sweep/calibration.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <span>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/memory/sources/granule.h"
#include "harness/sweep/library_workspaces.h"

namespace memsweep {
namespace {

constexpr int kSamples = 9;
constexpr std::size_t kLargestBuffer = 256_MiB;
constexpr std::int64_t kSmallestProduct = 256, kLargestProduct = 8192;
constexpr double kLongestProduct = 0.1;  // seconds; larger ones are left out

/// A segment for as long as this lives.
class Segment {
 public:
  Segment(SegmentSource& source, std::size_t bytes)
      : source_(source), bytes_(bytes), address_(source.allocate(bytes)) {
    if (address_ == 0)
      throw UsageError(fmt::format("there is no room to measure in: {} were refused", format_bytes(bytes)));
  }
  ~Segment() { source_.release(address_, bytes_); }
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  [[nodiscard]] void* at(std::size_t offset) const { return reinterpret_cast<void*>(address_ + offset); }

 private:
  SegmentSource& source_;
  std::size_t bytes_;
  Address address_;
};

class HostBlock {
 public:
  HostBlock(Device& device, std::size_t bytes) : device_(device), address_(device.allocate_host(bytes)) {}
  ~HostBlock() { device_.free_host(address_); }
  HostBlock(const HostBlock&) = delete;
  HostBlock& operator=(const HostBlock&) = delete;
  [[nodiscard]] void* data() const { return reinterpret_cast<void*>(address_); }

 private:
  Device& device_;
  Address address_;
};

class Calibrator {
 public:
  explicit Calibrator(Device& device) : device_(device) {
    const SegmentSource::Info info = device.memory().info();
    buffer_bytes_ = std::min(kLargestBuffer, round_to_granule((info.total - info.used) / 8));
    result_.profile = device.profile();
  }

  Calibration run() && {
    result_.largest_bytes = largest_total();
    measure_allocation();
    measure_pages();
    const Segment buffers(device_.memory(), 4 * buffer_bytes_);
    measure_copy(buffers);
    measure_link(buffers);
    measure_launch(buffers);
    measure_update(buffers);
    measure_products(buffers);
    name_profile();
    return std::move(result_);
  }

 private:
  /// So many runs of `work` at a time as are told, after one that warms up.
  Spread time(int runs, const std::function<void()>& work) {
    work();
    std::vector<double> seconds;
    while (std::ssize(seconds) < kSamples) {
      const double start = device_.now();
      for (int run = 0; run < runs; ++run) work();
      seconds.push_back((device_.now() - start) / runs);
    }
    return spread_of(std::move(seconds));
  }

  /// On the host's clock: what the device does for it is done when the call returns.
  static Spread time_on_host(const std::function<void()>& work) {
    work();
    std::vector<double> seconds;
    while (std::ssize(seconds) < kSamples) {
      const auto start = std::chrono::steady_clock::now();
      work();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return spread_of(std::move(seconds));
  }

  double note_rate(std::string name, double amount, std::string unit, const Spread& seconds) {
    const double rate = amount / seconds.median;
    result_.measurements.push_back({std::move(name), rate, std::move(unit), seconds});
    return rate;
  }
  void note_time(std::string name, const Spread& seconds) {
    result_.measurements.push_back({std::move(name), seconds.median, "s", seconds});
  }

  /// Halves what is refused, until nothing is left.
  std::size_t largest_total() {
    SegmentSource& memory = device_.memory();
    const SegmentSource::Info info = memory.info();
    std::vector<std::pair<Address, std::size_t>> taken;
    std::size_t total = 0, piece = (info.total - info.used) / kGranule * kGranule;
    while (piece > 0) {
      if (const Address address = memory.allocate(piece); address != 0) {
        taken.emplace_back(address, piece);
        total += piece;
      } else {
        piece = piece / 2 / kGranule * kGranule;
      }
    }
    for (const auto& [address, bytes] : taken) memory.release(address, bytes);
    return total;
  }

  void measure_allocation() {
    SegmentSource& memory = device_.memory();
    for (const std::size_t bytes : {2_MiB, 20_MiB}) {
      if (bytes > result_.largest_bytes) continue;
      note_time("segment of " + format_bytes(bytes),
                time_on_host([&] { const Segment segment(memory, bytes); }));
    }
  }

  void measure_pages() {
    PageSource* pages = device_.memory().pages();
    const Address range = pages != nullptr ? pages->reserve(kGranule) : 0;
    if (range == 0) return;
    note_time("page of " + format_bytes(kGranule), time_on_host([&] {
                if (pages->map(range, kGranule, 1)) pages->unmap(range, kGranule, 1);
              }));
    pages->unreserve(range, kGranule);
  }

  void execute(Op op, std::span<const double> attributes, std::span<const TensorType> inputs,
               const TensorType& output, std::span<void* const> from, void* to, bool tf32 = false,
               std::span<void* const> workspaces = {}, std::span<const std::size_t> workspace_bytes = {}) {
    const std::array outputs{output};
    const std::array results{to};
    device_.execute({op, attributes, inputs, outputs, 1, tf32}, {from, results, workspaces, workspace_bytes});
  }

  [[nodiscard]] static TensorType vector_of(std::size_t bytes) {
    return {{static_cast<std::int64_t>(bytes / size_of(DType::f32))}, DType::f32};
  }

  void copy(Op op, std::size_t bytes, void* from, void* to) {
    const TensorType type = vector_of(bytes);
    execute(op, {}, std::array{type}, type, std::array{from}, to);
  }

  void measure_copy(const Segment& buffers) {
    const Spread seconds =
        time(4, [&] { copy(Op::clone, buffer_bytes_, buffers.at(0), buffers.at(buffer_bytes_)); });
    result_.profile.bandwidth = note_rate("copy", 2 * static_cast<double>(buffer_bytes_), "B/s", seconds);
    result_.profile.bandwidth_share = 1;
  }

  void measure_link(const Segment& buffers) {
    const HostBlock host(device_, buffer_bytes_);
    const auto bytes = static_cast<double>(buffer_bytes_);
    const double up =
        note_rate("host to device", bytes, "B/s",
                  time(2, [&] { copy(Op::transfer, buffer_bytes_, host.data(), buffers.at(0)); }));
    const double down =
        note_rate("device to host", bytes, "B/s",
                  time(2, [&] { copy(Op::transfer, buffer_bytes_, buffers.at(0), host.data()); }));
    result_.profile.link_bandwidth = std::min(up, down);
  }

  void measure_launch(const Segment& buffers) {
    constexpr int kCalls = 500;
    const Spread seconds = time(kCalls, [&] { copy(Op::clone, 1_KiB, buffers.at(0), buffers.at(1_MiB)); });
    note_time("launch", seconds);
    result_.profile.launch_seconds = seconds.median;
  }

  /// The optimizer's kernel with the most traffic, on vectors that fill the buffers but for the count of
  /// steps.
  void measure_update(const Segment& buffers) {
    const TensorType vector = vector_of(buffer_bytes_ - kGranule), count{Shape{}, DType::f32};
    const std::array types{vector, vector, vector, vector, count};
    const std::array results{vector, vector, vector, count};
    const std::array numbers{1e-3, 0.9, 0.999, 1e-8, 0.01, 0.0, 1.0, 0.0};
    const std::array at{buffers.at(0), buffers.at(buffer_bytes_), buffers.at(2 * buffer_bytes_),
                        buffers.at(3 * buffer_bytes_), buffers.at(4 * buffer_bytes_ - kGranule)};
    const std::array to{at[0], at[1], at[2], at[4]};
    const OpCall call{Op::adam_fused, numbers, types, results, 1, false};
    const Spread seconds = time(4, [&] { device_.execute(call, {at, to, {}, {}}); });
    note_rate("adam_fused", row_of(Op::adam_fused).cost(call).bytes, "B/s", seconds);
  }

  /// Numbers as a training's: products of zeros take less power, and so less time.
  void fill(const Segment& buffers, std::size_t place, const TensorType& type) {
    const TensorType wide{type.shape, DType::f32};
    const std::array numbers{1.0, 2.0, 0.0, 1.0, 0.0, 2.0, -1.0};  // the last two: scale, offset
    void* const drawn = buffers.at(type == wide ? place * buffer_bytes_ : 2 * buffer_bytes_);
    execute(Op::uniform, numbers, {}, wide, {}, drawn);
    if (type == wide) return;
    execute(Op::cast, std::array{static_cast<double>(type.dtype)}, std::array{wide}, type, std::array{drawn},
            buffers.at(place * buffer_bytes_));
  }

  void measure_products(const Segment& buffers) {
    Profile& p = result_.profile;
    p.f32_rate = best_product(buffers, DType::f32, false);
    p.tf32_rate = best_product(buffers, DType::f32, true);
    p.f16_rate = best_product(buffers, DType::f16, false);
    p.bf16_rate = best_product(buffers, DType::bf16, false);
    p.product_share = 1;
  }

  /// The three operands lie in a buffer each, the workspace in the fourth.
  double best_product(const Segment& buffers, DType type, bool tf32) {
    const std::array weights{0.0, 1.0};  // the second factor transposed, as a linear layer's weight is
    const std::array from{buffers.at(0), buffers.at(buffer_bytes_)};
    const std::size_t wanted =
        library_workspaces(PytorchRelease::v2_15, device_.profile().compute_capability).cublas;
    const std::array work_bytes{std::min(wanted, buffer_bytes_)};
    const std::array work{buffers.at(3 * buffer_bytes_)};
    double best = 0;
    for (std::int64_t n = kSmallestProduct; n <= kLargestProduct; n *= 2) {
      const TensorType matrix{{n, n}, type};
      if (TensorType{matrix.shape, DType::f32}.bytes() > buffer_bytes_) break;
      fill(buffers, 0, matrix);
      fill(buffers, 1, matrix);
      const Spread seconds = time(1, [&] {
        execute(Op::mm, weights, std::array{matrix, matrix}, matrix, from, buffers.at(2 * buffer_bytes_),
                tf32, work, work_bytes);
      });
      const auto size = static_cast<double>(n);
      const std::string name = fmt::format("product {} {}", tf32 ? "tf32" : name_of(type), n);
      best = std::max(best, note_rate(name, 2 * size * size * size, "FLOP/s", seconds));
      if (seconds.median > kLongestProduct / 8) break;
    }
    return best;
  }

  void name_profile() {
    result_.profile.name += "-measured";
    result_.profile.source = "memsweep calibrate on " + device_.name();
  }

  Device& device_;
  std::size_t buffer_bytes_ = 0;
  Calibration result_;
};

}  // namespace

Calibration calibrate(Device& device) {
  if (!device.computes())
    throw UsageError(fmt::format("{} is simulated: there is nothing to measure", device.name()));
  Calibration result = Calibrator(device).run();
  device.expect_sound();
  return result;
}

}  // namespace memsweep
