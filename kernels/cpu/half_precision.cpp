#include "kernels/cpu/half_precision.h"

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/bodies.h"
#include "kernels/cpu/elements.h"
#include "kernels/half.h"

namespace memsweep {
namespace {

bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

bool rounds_to_tf32(const OpCall& call, const TensorType& operand) {
  return call.tf32 && operand.dtype == DType::f32 && row_of(call.op).product;
}

template <class From, class To, class Convert>
void convert(std::int64_t n, const void* from, void* to, const Convert& one) {
  const auto* x = static_cast<const From*>(from);
  auto* y = static_cast<To*>(to);
  cpu::for_each_element(n, [=](std::int64_t i) { y[i] = one(x[i]); });
}

void widen(const TensorType& type, const void* operand, float* wide) {
  const std::int64_t n = type.shape.elements();
  switch (type.dtype) {
    case DType::f16:
      return convert<std::uint16_t, float>(n, operand, wide, [](auto x) { return f32_of_f16(x); });
    case DType::bf16:
      return convert<std::uint16_t, float>(n, operand, wide, [](auto x) { return f32_of_bf16(x); });
    default: return convert<float, float>(n, operand, wide, [](auto x) { return tf32_of_f32(x); });
  }
}

void narrow(const TensorType& type, const float* wide, void* result) {
  const std::int64_t n = type.shape.elements();
  if (type.dtype == DType::f16) {
    convert<float, std::uint16_t>(n, wide, result, [](float x) { return f16_of_f32(x); });
  } else {
    convert<float, std::uint16_t>(n, wide, result, [](float x) { return bf16_of_f32(x); });
  }
}

/// A call on f32 operands in the place of another one.
class WideCall {
 public:
  WideCall(const OpCall& call, const Views& views)
      : call_(call),
        views_(views),
        input_types_(call.inputs.begin(), call.inputs.end()),
        output_types_(call.outputs.begin(), call.outputs.end()),
        inputs_(views.inputs.begin(), views.inputs.end()),
        outputs_(views.outputs.begin(), views.outputs.end()) {}

  void execute(WideOperands& wide) {
    if (wide.size() < needed()) wide.resize(needed());
    next_ = wide.data();
    for (std::size_t i = 0; i < inputs_.size(); ++i) widen_input(i);
    for (std::size_t i = 0; i < outputs_.size(); ++i) widen_output(i);
    OpCall on_f32 = call_;
    on_f32.inputs = input_types_;
    on_f32.outputs = output_types_;
    cpu_body(call_.op)(on_f32, {inputs_, outputs_, views_.workspaces});
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!is_half(call_.outputs[i].dtype)) continue;
      narrow(call_.outputs[i], static_cast<const float*>(outputs_[i]), views_.outputs[i]);
    }
  }

 private:
  static constexpr std::size_t kBoundary = 16;  // floats: a cache line

  static std::size_t room_of(const TensorType& type) {
    return (static_cast<std::size_t>(type.shape.elements()) + kBoundary - 1) / kBoundary * kBoundary;
  }

  [[nodiscard]] std::size_t needed() const {
    std::size_t floats = 0;
    for (const TensorType& type : call_.inputs) floats += room_of(type);
    for (const TensorType& type : call_.outputs) floats += room_of(type);
    return floats;
  }

  float* take(const TensorType& type) {
    float* place = next_;
    next_ += room_of(type);
    return place;
  }

  void widen_input(std::size_t i) {
    const TensorType& type = call_.inputs[i];
    if (!is_half(type.dtype) && !rounds_to_tf32(call_, type)) return;
    float* place = take(type);
    widen(type, views_.inputs[i], place);
    inputs_[i] = place;
    input_types_[i].dtype = DType::f32;
  }

  /// An update in place stays one: some bodies read what they write.
  void widen_output(std::size_t i) {
    if (!is_half(call_.outputs[i].dtype)) return;
    output_types_[i].dtype = DType::f32;
    for (std::size_t j = 0; j < inputs_.size(); ++j) {
      if (views_.inputs[j] != views_.outputs[i]) continue;
      outputs_[i] = inputs_[j];
      return;
    }
    outputs_[i] = take(call_.outputs[i]);
  }

  const OpCall& call_;
  const Views& views_;
  std::vector<TensorType> input_types_, output_types_;
  std::vector<void*> inputs_, outputs_;
  float* next_ = nullptr;
};

bool is_narrow(const OpCall& call) {
  for (const TensorType& type : call.inputs) {
    if (is_half(type.dtype) || rounds_to_tf32(call, type)) return true;
  }
  for (const TensorType& type : call.outputs) {
    if (is_half(type.dtype)) return true;
  }
  return false;
}

}  // namespace

void execute_on_cpu(const OpCall& call, const Views& views, WideOperands& wide) {
  if (is_narrow(call)) {
    WideCall(call, views).execute(wide);
  } else {
    cpu_body(call.op)(call, views);
  }
}

}  // namespace memsweep
