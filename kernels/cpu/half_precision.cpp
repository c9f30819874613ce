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
        outputs_(views.outputs.begin(), views.outputs.end()) {
    for (auto* types : {&input_types_, &output_types_}) {
      for (TensorType& type : *types) {
        if (is_half(type.dtype)) type.dtype = DType::f32;
      }
    }
  }

  void execute(WideOperands& wide) {
    OpCall on_f32 = call_;
    on_f32.inputs = input_types_;
    on_f32.outputs = output_types_;
    // Those that were borrowed are sized for 16 bit.
    const auto workspaces = row_of(call_.op).workspaces(on_f32, {});
    const std::size_t floats = needed(workspaces);
    if (wide.size() < floats) wide.resize(floats);
    next_ = wide.data();
    for (std::size_t i = 0; i < inputs_.size(); ++i) widen_input(i);
    for (std::size_t i = 0; i < outputs_.size(); ++i) widen_output(i);
    std::vector<void*> wide_workspaces;
    for (const Workspace& workspace : workspaces) wide_workspaces.push_back(take(floats_of(workspace)));
    cpu_body(call_.op)(on_f32, {inputs_, outputs_, wide_workspaces});
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!is_half(call_.outputs[i].dtype)) continue;
      narrow(call_.outputs[i], static_cast<const float*>(outputs_[i]), views_.outputs[i]);
    }
  }

 private:
  static constexpr std::size_t kBoundary = 16;  // floats: a cache line

  static std::size_t room_of(std::size_t floats) { return (floats + kBoundary - 1) / kBoundary * kBoundary; }

  static std::size_t floats_of(const TensorType& type) {
    return static_cast<std::size_t>(type.shape.elements());
  }
  static std::size_t floats_of(const Workspace& workspace) {
    return (workspace.bytes + sizeof(float) - 1) / sizeof(float);
  }

  [[nodiscard]] std::size_t needed(const std::vector<Workspace>& workspaces) const {
    std::size_t floats = 0;
    for (const TensorType& type : call_.inputs) floats += room_of(floats_of(type));
    for (const TensorType& type : call_.outputs) floats += room_of(floats_of(type));
    for (const Workspace& workspace : workspaces) floats += room_of(floats_of(workspace));
    return floats;
  }

  float* take(std::size_t floats) {
    float* place = next_;
    next_ += room_of(floats);
    return place;
  }

  void widen_input(std::size_t i) {
    const TensorType& type = call_.inputs[i];
    if (!is_half(type.dtype) && !rounds_to_tf32(call_, type)) return;
    float* place = take(floats_of(type));
    widen(type, views_.inputs[i], place);
    inputs_[i] = place;
  }

  /// An update in place stays one: some bodies read what they write.
  void widen_output(std::size_t i) {
    if (!is_half(call_.outputs[i].dtype)) return;
    for (std::size_t j = 0; j < inputs_.size(); ++j) {
      if (views_.inputs[j] != views_.outputs[i]) continue;
      outputs_[i] = inputs_[j];
      return;
    }
    outputs_[i] = take(floats_of(call_.outputs[i]));
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
