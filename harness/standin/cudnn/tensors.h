// The shapes that descriptors of tensors and filters hold.
#pragma once

#include <vector>

#include "harness/standin/cudnn/call.h"

namespace memsweep::standin {

inline constexpr std::string_view kTensor = "cudnnCreateTensorDescriptor";
inline constexpr std::string_view kFilter = "cudnnCreateFilterDescriptor";

struct TensorShape {
  int type = 0;
  int format = 0;  // of a filter
  std::vector<int> extents;
  std::vector<int> strides;  // of a tensor; elements
};

inline TensorShape* find_tensor(const DriverModel& model, void* handle) {
  const bool known = model.handles.holds(kTensor, handle) || model.handles.holds(kFilter, handle);
  return known ? static_cast<TensorShape*>(handle) : nullptr;
}

}  // namespace memsweep::standin
