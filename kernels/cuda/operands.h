// The operands of kernels: values of any floating-point type, and truths, are f32 while a kernel has them.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/op.h"

namespace memsweep::cuda {

/// f32, f16, bf16 or boolean values: a true one is 1, and all but 0 are true.
struct Ref {
  void* data;
  DType type;
  bool aligned;             // to the widest access, so that eight values can be read at once
  std::int64_t period = 0;  // elements, after which it begins again; 0: it is as long as what it is used for
};

/// Consecutive values that one thread takes at a time.
inline constexpr int kVector = 8;

inline Ref ref_of(void* data, DType type) {
  constexpr std::uintptr_t kWidestAccess = 16;  // bytes
  return {data, type, reinterpret_cast<std::uintptr_t>(data) % kWidestAccess == 0};
}

inline Ref input(const OpCall& call, const Views& views, std::size_t i) {
  return ref_of(views.inputs[i], call.inputs[i].dtype);
}

inline Ref output(const OpCall& call, const Views& views, std::size_t i) {
  return ref_of(views.outputs[i], call.outputs[i].dtype);
}

/// An input that is repeated along longer operands, as a scalar is.
inline Ref repeated_input(const OpCall& call, const Views& views, std::size_t i) {
  Ref ref = input(call, views, i);
  ref.period = call.inputs[i].shape.elements();
  return ref;
}

/// Integers and codes, which are no Ref.
template <class T>
[[nodiscard]] const T* input_at(const Views& views, std::size_t i) {
  return static_cast<const T*>(views.inputs[i]);
}

template <class T>
[[nodiscard]] T* output_at(const Views& views, std::size_t i) {
  return static_cast<T*>(views.outputs[i]);
}

/// Elements of the first output.
[[nodiscard]] inline std::int64_t elements(const OpCall& call) { return call.outputs[0].shape.elements(); }

template <class T>
__device__ inline T* data_of(const Ref& ref, std::int64_t first) {
  return static_cast<T*>(ref.data) + first;
}

/// Value i, not counting periods.
__device__ inline float load(const Ref& ref, std::int64_t i) {
  switch (ref.type) {
    case DType::f16: return __half2float(*data_of<const __half>(ref, i));
    case DType::bf16: return __bfloat162float(*data_of<const __nv_bfloat16>(ref, i));
    case DType::boolean: return *data_of<const std::uint8_t>(ref, i) != 0 ? 1.0f : 0.0f;
    default: return *data_of<const float>(ref, i);
  }
}

/// Rounds to the operand's type.
__device__ inline void store(const Ref& ref, std::int64_t i, float value) {
  switch (ref.type) {
    case DType::f16: *data_of<__half>(ref, i) = __float2half_rn(value); return;
    case DType::bf16: *data_of<__nv_bfloat16>(ref, i) = __float2bfloat16_rn(value); return;
    case DType::boolean: *data_of<std::uint8_t>(ref, i) = value != 0 ? 1 : 0; return;
    default: *data_of<float>(ref, i) = value;
  }
}

/// kVector elements as one or two accesses move them.
template <class T>
struct alignas(kVector * sizeof(T) < 16 ? kVector * sizeof(T) : 16) Packed {
  T of[kVector];
};

template <class T, class Widen>
__device__ inline void unpack(const Ref& ref, std::int64_t first, float (&values)[kVector], Widen widen) {
  const Packed<T> packed = *reinterpret_cast<const Packed<T>*>(data_of<const T>(ref, first));
  for (int k = 0; k < kVector; ++k) values[k] = widen(packed.of[k]);
}

template <class T, class Narrow>
__device__ inline void pack(const Ref& ref, std::int64_t first, const float (&values)[kVector],
                            Narrow narrow) {
  Packed<T> packed;
  for (int k = 0; k < kVector; ++k) packed.of[k] = narrow(values[k]);
  *reinterpret_cast<Packed<T>*>(data_of<T>(ref, first)) = packed;
}

/// Values `first` (a multiple of kVector) and following, of which there are `count`; the rest is 0.
__device__ inline void load_vector(const Ref& ref, std::int64_t first, int count, float (&values)[kVector]) {
  std::int64_t place = ref.period == 0 ? first : first % ref.period;
  const bool runs_on = ref.period == 0 || place + kVector <= ref.period;
  if (ref.aligned && runs_on && count == kVector && place % kVector == 0) {
    switch (ref.type) {
      case DType::f16: return unpack<__half>(ref, place, values, [](__half x) { return __half2float(x); });
      case DType::bf16:
        return unpack<__nv_bfloat16>(ref, place, values, [](__nv_bfloat16 x) { return __bfloat162float(x); });
      case DType::boolean:
        return unpack<std::uint8_t>(ref, place, values, [](std::uint8_t x) { return x != 0 ? 1.0f : 0.0f; });
      default: return unpack<float>(ref, place, values, [](float x) { return x; });
    }
  }
  for (int k = 0; k < kVector; ++k) {
    values[k] = k < count ? load(ref, place) : 0.0f;
    if (++place == ref.period) place = 0;
  }
}

/// Stores `count` values from place `first` (a multiple of kVector) on.
__device__ inline void store_vector(const Ref& ref, std::int64_t first, int count,
                                    const float (&values)[kVector]) {
  if (ref.aligned && count == kVector) {
    switch (ref.type) {
      case DType::f16: return pack<__half>(ref, first, values, [](float x) { return __float2half_rn(x); });
      case DType::bf16:
        return pack<__nv_bfloat16>(ref, first, values, [](float x) { return __float2bfloat16_rn(x); });
      case DType::boolean:
        return pack<std::uint8_t>(ref, first, values,
                                  [](float x) { return static_cast<std::uint8_t>(x != 0 ? 1 : 0); });
      default: return pack<float>(ref, first, values, [](float x) { return x; });
    }
  }
  for (int k = 0; k < count; ++k) store(ref, first + k, values[k]);
}

}  // namespace memsweep::cuda
