// Runs one op on tensors of its own, for tests.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "kernels/cpu/half_precision.h"
#include "kernels/generator.h"
#include "kernels/op.h"

namespace memsweep::testing {

/// A tensor on a 512-byte boundary, as allocators give them. `shift` boundaries lie before it.
class Tensor {
 public:
  static constexpr std::size_t kBoundary = 512;

  explicit Tensor(const TensorType& type, std::size_t shift = 0)
      : type_(type), shift_(shift), block_(allocate(type.bytes() + shift * kBoundary)) {
    std::memset(data(), 0xFF, type_.bytes());  // NaN, until somebody writes
  }
  Tensor(const Shape& shape, std::span<const float> values) : Tensor(TensorType{shape, DType::f32}) {
    std::memcpy(data(), values.data(), type_.bytes());
  }
  Tensor(const Shape& shape, std::span<const std::int64_t> values) : Tensor(TensorType{shape, DType::i64}) {
    std::memcpy(data(), values.data(), type_.bytes());
  }
  Tensor(const Tensor& other, std::size_t shift) : Tensor(other.type_, shift) {
    std::memcpy(data(), other.data(), type_.bytes());
  }
  Tensor(const Tensor& other) : Tensor(other, other.shift_) {}
  Tensor& operator=(Tensor other) noexcept {
    type_ = other.type_;
    shift_ = other.shift_;
    block_.swap(other.block_);
    return *this;
  }

  [[nodiscard]] const TensorType& type() const { return type_; }
  [[nodiscard]] void* data() { return block_.get() + shift_ * kBoundary; }
  [[nodiscard]] const void* data() const { return block_.get() + shift_ * kBoundary; }
  template <class T = float>
  [[nodiscard]] std::span<const T> values() const {
    return {static_cast<const T*>(data()), static_cast<std::size_t>(type_.shape.elements())};
  }

  [[nodiscard]] bool same_bits(const Tensor& other) const {
    return type_ == other.type_ && std::memcmp(data(), other.data(), type_.bytes()) == 0;
  }

 private:
  struct Free {
    void operator()(std::byte* block) const { ::operator delete (block, std::align_val_t{kBoundary}); }
  };
  using Block = std::unique_ptr<std::byte, Free>;

  static Block allocate(std::size_t bytes) {
    return Block(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kBoundary})));
  }

  TensorType type_;
  std::size_t shift_;
  Block block_;
};

/// Values uniform in [center - spread, center + spread); every `id` is a stream of its own.
inline Tensor random_tensor(const Shape& shape, std::uint64_t id, float spread = 1, float center = 0) {
  const Generator generator(7, id);
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = center + spread * generator.uniform(i);
  return {shape, values};
}

/// One target below `classes` a row.
inline Tensor random_targets(std::int64_t rows, std::int64_t classes, std::uint64_t id) {
  const Generator generator(7, id);
  std::vector<std::int64_t> values(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = generator.u24(i) % classes;
  return {{rows}, values};
}

/// Truths, each true with probability 1/2.
inline Tensor random_truths(const Shape& shape, std::uint64_t id) {
  const Generator generator(7, id);
  Tensor truths(TensorType{shape, DType::boolean});
  auto* values = static_cast<std::uint8_t*>(truths.data());
  for (std::int64_t i = 0; i < shape.elements(); ++i)
    values[i] = generator.u24(static_cast<std::uint64_t>(i)) % 2 != 0;
  return truths;
}

/// A call with its operands. Where `in_place` is set, output i is updated where input in_place[i] lies.
struct Example {
  Op op;
  std::vector<double> attributes;
  std::vector<Tensor> inputs;
  std::vector<std::size_t> in_place = {};
  std::vector<TensorType> generated = {};  // result types of an op that infers none
  std::int64_t step = 1;
  bool tf32 = false;
};

/// Types as attributes.
inline constexpr auto kF32 = static_cast<double>(DType::f32), kF16 = static_cast<double>(DType::f16),
                      kBf16 = static_cast<double>(DType::bf16);

/// What `execute`(call, views) writes on a device of that kind. The example's own tensors stay as they are.
template <class Execute>
std::vector<Tensor> run_by(const Execute& execute, const Example& example, std::size_t shift = 0,
                           const Multiprocessors& gpu = {}) {
  std::vector<TensorType> input_types;
  std::vector<Tensor> inputs;
  std::vector<void*> input_views, output_views;
  inputs.reserve(example.inputs.size());
  for (const auto& tensor : example.inputs) {
    input_types.push_back(tensor.type());
    input_views.push_back(inputs.emplace_back(tensor, shift).data());
  }
  const auto infer = row_of(example.op).infer;
  const auto output_types = infer != nullptr ? infer(input_types, example.attributes) : example.generated;
  std::vector<Tensor> outputs;
  outputs.reserve(output_types.size());
  for (const auto& type : output_types) output_views.push_back(outputs.emplace_back(type, shift).data());
  for (std::size_t i = 0; i < example.in_place.size(); ++i)
    output_views[i] = input_views[example.in_place[i]];

  const OpCall call{example.op, example.attributes, input_types, output_types, example.step, example.tf32};
  const auto workspaces = row_of(example.op).workspaces(call, gpu);
  std::vector<Tensor> borrowed;
  std::vector<void*> workspace_views;
  std::vector<std::size_t> workspace_bytes;
  borrowed.reserve(workspaces.size());
  for (const Workspace& workspace : workspaces) {
    const auto bytes = static_cast<std::int64_t>(workspace.bytes);
    workspace_views.push_back(borrowed.emplace_back(TensorType{{bytes}, DType::boolean}, shift).data());
    workspace_bytes.push_back(workspace.bytes);
  }
  execute(call, Views{input_views, output_views, workspace_views, workspace_bytes});

  for (std::size_t i = 0; i < output_views.size(); ++i) {
    if (output_views[i] != outputs[i].data())
      std::memcpy(outputs[i].data(), output_views[i], output_types[i].bytes());
  }
  return outputs;
}

/// By the CPU.
inline std::vector<Tensor> run(const Example& example, std::size_t shift = 0) {
  WideOperands wide;
  return run_by([&](const OpCall& call, const Views& views) { execute_on_cpu(call, views, wide); }, example,
                shift);
}

}  // namespace memsweep::testing
