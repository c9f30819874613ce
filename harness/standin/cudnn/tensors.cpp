#include "harness/standin/cudnn/tensors.h"

#include <algorithm>

namespace memsweep::standin {
namespace {

/// As many extents as were asked for and there are.
void give(const std::vector<int>& values, int requested, int* to) {
  if (to == nullptr) return;
  std::copy_n(values.begin(), std::min<std::size_t>(requested, values.size()), to);
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(void** handle) { return create<TensorShape>(kTensor, handle); }
cudnnStatus_t cudnnDestroyTensorDescriptor(void* handle) {
  return destroy("cudnnDestroyTensorDescriptor", kTensor, handle);
}
cudnnStatus_t cudnnCreateFilterDescriptor(void** handle) { return create<TensorShape>(kFilter, handle); }
cudnnStatus_t cudnnDestroyFilterDescriptor(void* handle) {
  return destroy("cudnnDestroyFilterDescriptor", kFilter, handle);
}

cudnnStatus_t cudnnSetTensorNdDescriptor(void* handle, int type, int rank, const int* extents,
                                         const int* strides) {
  return dnn_call("cudnnSetTensorNdDescriptor", [&](const DriverModel& model) {
    TensorShape* const tensor = find_tensor(model, handle);
    if (tensor == nullptr || rank < 1) return CUDNN_STATUS_BAD_PARAM;
    *tensor = {type, 0, {extents, extents + rank}, {strides, strides + rank}};
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnGetTensorNdDescriptor(void* handle, int requested, int* type, int* rank, int* extents,
                                         int* strides) {
  return dnn_call("cudnnGetTensorNdDescriptor", [&](const DriverModel& model) {
    const TensorShape* const tensor = find_tensor(model, handle);
    if (tensor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    *type = tensor->type;
    *rank = static_cast<int>(tensor->extents.size());
    give(tensor->extents, requested, extents);
    give(tensor->strides, requested, strides);
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnSetFilterNdDescriptor(void* handle, int type, int format, int rank, const int* extents) {
  return dnn_call("cudnnSetFilterNdDescriptor", [&](const DriverModel& model) {
    TensorShape* const filter = find_tensor(model, handle);
    if (filter == nullptr || rank < 1) return CUDNN_STATUS_BAD_PARAM;
    *filter = {type, format, {extents, extents + rank}, {}};
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnGetFilterNdDescriptor(void* handle, int requested, int* type, int* format, int* rank,
                                         int* extents) {
  return dnn_call("cudnnGetFilterNdDescriptor", [&](const DriverModel& model) {
    const TensorShape* const filter = find_tensor(model, handle);
    if (filter == nullptr) return CUDNN_STATUS_BAD_PARAM;
    *type = filter->type;
    *format = filter->format;
    *rank = static_cast<int>(filter->extents.size());
    give(filter->extents, requested, extents);
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
