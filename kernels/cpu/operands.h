// The operands of a call with their types back on.
#pragma once

#include <cstdint>

#include "kernels/op.h"

namespace memsweep::cpu {

template <class T = float>
[[nodiscard]] const T* input(const Views& views, std::size_t i) {
  return static_cast<const T*>(views.inputs[i]);
}

template <class T = float>
[[nodiscard]] T* output(const Views& views, std::size_t i) {
  return static_cast<T*>(views.outputs[i]);
}

/// Elements of the first output.
[[nodiscard]] inline std::int64_t elements(const OpCall& call) { return call.outputs[0].shape.elements(); }

}  // namespace memsweep::cpu
