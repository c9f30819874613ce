// Rates of single ops on a device: bytes and operations a second, by the cost that the op table gives them
// and on the device's own clock.
//   ops_bench [DEVICE] [--cold] [BENCHMARK OPTION…]     DEVICE as memsweep --device takes it (default: cpu);
//                                                       --cold: no operand is in a cache when an op begins
// Under MEMSWEEP_CUDNN=off convolutions of a GPU are measured without cuDNN.
#include <benchmark/benchmark.h>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/device/device.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

constexpr std::size_t kMemory = 1_GiB;
constexpr int kRunsATime = 8;  // of an op between two looks at the clock, which waits for the device
constexpr std::size_t kLibraryWorkspace = 32_MiB;  // cuBLAS's on the newer GPUs
constexpr std::int64_t kFlushBytes = 256_MiB;      // more than caches hold

struct Subject {
  std::string name;
  Op op;
  std::vector<double> attributes;
  std::vector<TensorType> inputs;
  int in_place = -1;  // the input that the first result takes the place of; -1: none
};

/// An op's operands on a device, zeros all.
class Operands {
 public:
  Operands(Device& device, const Subject& subject)
      : device_(device),
        subject_(subject),
        outputs_(row_of(subject.op).infer(subject.inputs, subject.attributes)) {
    for (const TensorType& type : subject.inputs) inputs_at_.push_back(zeros(type));
    for (const TensorType& type : outputs_) outputs_at_.push_back(zeros(type));
    if (subject.in_place >= 0) outputs_at_[0] = inputs_at_[static_cast<std::size_t>(subject.in_place)];
    for (const Workspace& workspace :
         row_of(subject.op).workspaces(call(), device.profile().multiprocessors)) {
      const std::size_t bytes =
          workspace.kind == WorkspaceKind::cublas || workspace.kind == WorkspaceKind::cublaslt
              ? kLibraryWorkspace
              : workspace.bytes;
      workspaces_at_.push_back(allocate(bytes));
      workspace_bytes_.push_back(bytes);
    }
  }
  ~Operands() {
    for (const auto& [address, bytes] : blocks_) device_.memory().release(address, bytes);
  }
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  [[nodiscard]] OpCall call() const { return {subject_.op, subject_.attributes, subject_.inputs, outputs_}; }
  void execute() { device_.execute(call(), {inputs_at_, outputs_at_, workspaces_at_, workspace_bytes_}); }

 private:
  void* allocate(std::size_t bytes) {
    const Address address = device_.memory().allocate(bytes);
    if (address == 0) throw std::runtime_error("the device has too little memory for this op");
    blocks_.emplace_back(address, bytes);
    return reinterpret_cast<void*>(address);
  }
  void* zeros(const TensorType& type) {
    void* at = allocate(type.bytes());
    const TensorType types[] = {type};
    void* const views[] = {at};
    device_.execute({Op::zeros_like, {}, types, types}, {views, views, {}});
    return at;
  }

  Device& device_;
  const Subject& subject_;
  std::vector<TensorType> outputs_;
  std::vector<void*> inputs_at_, outputs_at_, workspaces_at_;
  std::vector<std::size_t> workspace_bytes_;
  std::vector<std::pair<Address, std::size_t>> blocks_;
};

/// Writes more than caches hold.
Subject flush() { return {"flush", Op::zeros_like, {}, {{{kFlushBytes / 4}, DType::f32}}, 0}; }

void measure(benchmark::State& state, Device& device, const Subject& subject, bool cold) {
  try {
    Operands operands(device, subject);
    const Subject flushing = flush();
    std::optional<Operands> flushed;
    if (cold) flushed.emplace(device, flushing);
    operands.execute();
    const int runs = cold ? 1 : kRunsATime;
    for (auto _ : state) {
      if (flushed) flushed->execute();
      const double start = device.now();
      for (int run = 0; run < runs; ++run) operands.execute();
      state.SetIterationTime((device.now() - start) / runs);
    }
    const Cost cost = row_of(subject.op).cost(operands.call());
    const auto rate = benchmark::Counter::kIsIterationInvariantRate;
    state.counters["GB/s"] = benchmark::Counter(cost.bytes / 1e9, rate);
    if (row_of(subject.op).product) state.counters["TFLOP/s"] = benchmark::Counter(cost.flops / 1e12, rate);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

/// On a GPU large enough that neither launches nor caches decide.
std::vector<Subject> subjects(bool gpu) {
  const std::int64_t n = gpu ? 1 << 25 : 1 << 22, side = gpu ? 4096 : 512, rows = n / 1024;
  const std::int64_t images = gpu ? 8 : 2, extent = gpu ? 56 : 28;
  const Shape image{images, 64, extent, extent}, filters{64, 64, 3, 3};  // of a residual net; results, too
  std::vector<Subject> list;
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    const auto add = [&](Op op, std::vector<double> attributes, std::vector<Shape> shapes,
                         int in_place = -1) {
      Subject subject{
          fmt::format("{}/{}", row_of(op).name, name_of(type)), op, std::move(attributes), {}, in_place};
      for (const Shape& shape : shapes) subject.inputs.push_back({shape, type});
      list.push_back(std::move(subject));
    };
    add(Op::mm, {0, 1}, {{side, side}, {side, side}});
    add(Op::addmm, {}, {{side, side}, {side, side}, {side}});
    add(Op::addmm_relu, {}, {{side, side}, {side, side}, {side}});
    add(Op::addmm_gelu_tanh, {1}, {{side, side}, {side, side}, {side}});
    add(Op::conv2d, {1, 1}, {image, filters});
    add(Op::conv2d_backward_input, {1, 1, static_cast<double>(extent), static_cast<double>(extent)},
        {image, filters});
    add(Op::conv2d_backward_weight, {3, 1, 1}, {image, image});
    add(Op::clone, {}, {{n}});
    add(Op::relu, {}, {{n}});
    add(Op::gelu, {}, {{n}});
    add(Op::gelu_backward, {}, {{n}, {n}});
    add(Op::add, {}, {{n}, {n}});
    add(Op::softmax, {}, {{rows, 1024}});
    add(Op::log_softmax, {}, {{rows, 1024}});
    add(Op::layer_norm, {1e-5}, {{rows, 1024}, {1024}, {1024}});
    add(Op::sum_rows, {}, {{rows, 1024}});
    add(Op::add_scaled, {0.1}, {{n}, {n}}, 0);
    add(Op::ema_square, {0.999}, {{n}, {n}}, 0);
  }
  return list;
}

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) {
  using namespace memsweep;
  try {
    DeviceOptions options{.spec = "cpu", .memory_bytes = kMemory};
    if (argc > 1 && argv[1][0] != '-') {
      options.spec = argv[1];
      std::swap(argv[0], argv[1]);
      ++argv, --argc;
    }
    const bool cold = argc > 1 && std::string_view(argv[1]) == "--cold";
    if (cold) {
      std::swap(argv[0], argv[1]);
      ++argv, --argc;
    }
    const OpenedDevice opened = open_device(options);
    const auto list = subjects(opened.device->profile().compute_capability > 0);
    for (const Subject& subject : list) {
      benchmark::RegisterBenchmark(
          subject.name.c_str(),
          [&](benchmark::State& state) { measure(state, *opened.device, subject, cold); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
    return run_benchmarks_as_table(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ops_bench: {}\n", error.what());
    return 2;
  }
}
