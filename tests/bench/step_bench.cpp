// A training step on the cpu device beside the least that its work costs, and beside a step that does no
// work. What is compared is timed by turns in one run, so that a busy machine slows both; the ratios are
// medians over these pairs, `iqr` is the distance between their quartiles.
//
// Goals: at most 1.1 times the bare sequence of its products and passes over memory; less than 2 % of the
// step is the interpreter's own.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/device/device.h"
#include "harness/memory/caching_allocator.h"
#include "harness/sweep/execution.h"
#include "harness/sweep/timing.h"
#include "kernels/cpu/bodies.h"
#include "kernels/cpu/parallel.h"
#include "scenarios/training_step.h"
#include "tests/bench/tabular.h"

namespace memsweep {
namespace {

// Devices -----------------------------------------------------------------------------------------

/// The cpu device, open to another way of executing.
class OverCpu : public Device {
 public:
  std::string name() const override { return cpu_->name(); }
  const Profile& profile() const override { return cpu_->profile(); }
  SegmentSource& memory() override { return cpu_->memory(); }
  Address allocate_host(std::size_t bytes) override { return cpu_->allocate_host(bytes); }
  void free_host(Address address) noexcept override { cpu_->free_host(address); }
  void execute(const OpCall& call, const Views& views) override { cpu_->execute(call, views); }
  double now() override { return cpu_->now(); }
  bool computes() const override { return true; }
  void read(Address from, void* to, std::size_t bytes) override { cpu_->read(from, to, bytes); }

 private:
  std::unique_ptr<Device> cpu_ = make_cpu(1_GiB);
};

class Idle final : public OverCpu {
 public:
  void execute(const OpCall&, const Views&) override {}
};

/// A call that outlives its step.
struct Work {
  Op op;
  std::vector<double> attributes;
  std::vector<TensorType> input_types, output_types;
  std::vector<void*> inputs, outputs;

  [[nodiscard]] OpCall call() const { return {op, attributes, input_types, output_types}; }
  [[nodiscard]] Views views() const { return {inputs, outputs, {}}; }
};

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

class Recorder final : public OverCpu {
 public:
  std::vector<Work> recorded;

  void execute(const OpCall& call, const Views& views) override {
    OverCpu::execute(call, views);
    recorded.push_back({call.op, copy(call.attributes), copy(call.inputs), copy(call.outputs),
                        copy<void*>(views.inputs), copy<void*>(views.outputs)});
    if (call.op == Op::addmm) leave_bias_out(recorded.back());
  }

 private:
  static void leave_bias_out(Work& work) {
    work.op = Op::mm;
    work.attributes = {0, 1};
    work.input_types.pop_back();
    work.inputs.pop_back();
  }
};

/// A program under way on a device, past its first step and with a warm allocator.
class Training {
 public:
  Training(Device& device, const Program& program)
      : schedule_(program), allocator_(device.memory()), execution_(device, allocator_, {}) {
    execution_.set_up(schedule_);
    for (int i = 0; i < 3; ++i) step();
  }
  void step() { execution_.step(schedule_, ++steps_); }

 private:
  Schedule schedule_;
  CachingAllocator allocator_;
  Execution execution_;
  std::int64_t steps_ = 0;
};

// The bare sequence -------------------------------------------------------------------------------

/// Who shares a product out among the threads.
enum class Threads { ours, openblas };

void multiply_by_openblas(const Work& work) {
  const auto transpose = [&](std::size_t i) { return work.attributes[i] != 0 ? CblasTrans : CblasNoTrans; };
  const auto data = [](void* operand) { return static_cast<float*>(operand); };
  const auto size = [](std::int64_t extent) { return static_cast<blasint>(extent); };
  const auto &a = work.input_types[0].shape, &b = work.input_types[1].shape, &c = work.output_types[0].shape;
  cblas_sgemm(CblasRowMajor, transpose(0), transpose(1), size(c[0]), size(c[1]),
              size(a[work.attributes[0] != 0 ? 0 : 1]), 1, data(work.inputs[0]), size(a[1]),
              data(work.inputs[1]), size(b[1]), 0, data(work.outputs[0]), size(c[1]));
}

/// Reads every byte of the inputs and writes every byte of the outputs once, in vectors, on all threads.
void pass_over_memory(const Work& work) {
  using Word = std::uint64_t;
  constexpr std::size_t kBlock = 64_KiB;
  constexpr Word kHarmless = 0x3C003C003C003C00;  // as f32 a number near 0.01
  std::size_t longest = 0;
  for (const auto* types : {&work.input_types, &work.output_types}) {
    for (const TensorType& type : *types) longest = std::max(longest, type.bytes());
  }
  const std::size_t blocks = (longest + kBlock - 1) / kBlock;
  const auto part = [blocks](const TensorType& type, void* data, std::int64_t block) {
    const auto words = std::span(static_cast<Word*>(data), type.bytes() / sizeof(Word));
    const std::size_t first = words.size() * static_cast<std::size_t>(block) / blocks;
    return words.subspan(first, words.size() * static_cast<std::size_t>(block + 1) / blocks - first);
  };
  cpu::parallel_for(static_cast<std::int64_t>(blocks), 1, [&](std::int64_t block, std::int64_t) {
    Word sum = 0;
    for (std::size_t i = 0; i < work.inputs.size(); ++i) {
      for (Word word : part(work.input_types[i], work.inputs[i], block)) sum += word;
    }
    benchmark::DoNotOptimize(sum);
    for (std::size_t i = 0; i < work.outputs.size(); ++i) {
      std::ranges::fill(part(work.output_types[i], work.outputs[i], block), kHarmless);
    }
  });
}

void run_bare(const std::vector<Work>& sequence, Threads threads) {
  for (const Work& work : sequence) {
    if (work.op != Op::mm) {
      pass_over_memory(work);
    } else if (threads == Threads::openblas) {
      multiply_by_openblas(work);
    } else {
      cpu_body(Op::mm)(work.call(), work.views());
    }
  }
}

// Timing ------------------------------------------------------------------------------------------

template <class Action>
double seconds_of(const Action& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// OpenBLAS gets its threads for this only. They look for work a while after the last product: what is
/// timed next waits until they have gone to sleep.
double seconds_of_bare(const std::vector<Work>& sequence, Threads threads) {
  if (threads == Threads::ours) return seconds_of([&] { run_bare(sequence, threads); });
  openblas_set_num_threads(cpu::thread_count());
  const double seconds = seconds_of([&] { run_bare(sequence, threads); });
  openblas_set_num_threads(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return seconds;
}

Program training_program(const std::string& model, std::int64_t batch) {
  TrainingOptions options;
  options.model.spec = model;
  return parse_training_step(options)(batch);
}

std::vector<Work> record_step(Recorder& device, Training& training) {
  device.recorded.clear();
  training.step();
  return std::move(device.recorded);
}

void step_over_bare(benchmark::State& state, const std::string& model, Threads threads) {
  const Program program = training_program(model, state.range(0));
  OverCpu cpu;
  Recorder recorder;
  Training training(cpu, program), recorded(recorder, program);
  const std::vector<Work> sequence = record_step(recorder, recorded);
  std::vector<double> bare, ratios;
  for (auto _ : state) {
    const double step = seconds_of([&] { training.step(); });
    bare.push_back(seconds_of_bare(sequence, threads));
    ratios.push_back(step / bare.back());
    state.SetIterationTime(step);
  }
  const Spread ratio = spread_of(ratios);
  state.counters["bare_ms"] = 1e3 * spread_of(bare).median;
  state.counters["ratio"] = ratio.median;
  state.counters["iqr"] = ratio.iqr;
  state.SetLabel(ratio.median <= 1.1 ? "at most 1.1" : "ABOVE 1.1");
}

void interpreter_share(benchmark::State& state, const std::string& model) {
  constexpr int kIdleSteps = 20;
  const Program program = training_program(model, state.range(0));
  OverCpu cpu;
  Idle idle;
  Training training(cpu, program), idling(idle, program);
  std::vector<double> interpreter, shares;
  for (auto _ : state) {
    const double step = seconds_of([&] { training.step(); });
    const double all = seconds_of([&] {
      for (int i = 0; i < kIdleSteps; ++i) idling.step();
    });
    interpreter.push_back(all / kIdleSteps);
    shares.push_back(100 * interpreter.back() / step);
    state.SetIterationTime(step);
  }
  const Spread share = spread_of(shares);
  state.counters["interpreter_ms"] = 1e3 * spread_of(interpreter).median;
  state.counters["percent"] = share.median;
  state.counters["iqr"] = share.iqr;
  state.SetLabel(share.median < 2 ? "below 2 %" : "NOT BELOW 2 %");
}

const std::string kDefault = ModelOptions{}.spec, kWide = "mlp:784-4096-4096-10";

void batches_of_default(benchmark::internal::Benchmark* bench) { bench->Arg(256)->Arg(1024); }
void by_turns(benchmark::internal::Benchmark* bench) {
  bench->ArgName("batch")->Iterations(40)->UseManualTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(step_over_bare, default_model, kDefault, Threads::ours)
    ->Apply(batches_of_default)
    ->Apply(by_turns);
BENCHMARK_CAPTURE(step_over_bare, default_model_openblas_threads, kDefault, Threads::openblas)
    ->Apply(batches_of_default)
    ->Apply(by_turns);
BENCHMARK_CAPTURE(step_over_bare, wide_model, kWide, Threads::ours)->Arg(128)->Apply(by_turns);
BENCHMARK_CAPTURE(interpreter_share, default_model, kDefault)->Apply(batches_of_default)->Apply(by_turns);

}  // namespace
}  // namespace memsweep

int main(int argc, char** argv) { return memsweep::run_benchmarks_as_table(argc, argv); }
