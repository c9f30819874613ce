// Convolutions of cuDNN's older interface. Where nothing is computed there is one algorithm, which wants the
// configured workspace (the setting `workspace`); else two more, that a careful caller does not take.
#include <algorithm>
#include <optional>

#include "harness/standin/cudnn/convolution.h"

namespace memsweep::standin {
namespace {

using cuda::cudnnConvolutionAlgoPerf_t;

constexpr std::string_view kConvolution = "cudnnCreateConvolutionDescriptor";
constexpr std::size_t kHuge = std::size_t{1} << 30;  // bytes: more than any test borrows

ConvolutionDescription* find_description(const DriverModel& model, void* handle) {
  return model.handles.holds(kConvolution, handle) ? static_cast<ConvolutionDescription*>(handle) : nullptr;
}

/// The fastest first. Numbers are such that they mean the like for all three kinds.
std::vector<cudnnConvolutionAlgoPerf_t> algorithms_of(const Settings& settings) {
  constexpr int kQuick = 0, kUsual = 1, kLarge = 5;
  const auto offer = [](int algorithm, float time, std::size_t memory, cuda::cudnnDeterminism_t determinism) {
    return cudnnConvolutionAlgoPerf_t{algorithm,   CUDNN_STATUS_SUCCESS,     time, memory,
                                      determinism, cuda::CUDNN_DEFAULT_MATH, {}};
  };
  const auto usual = offer(kUsual, 3, settings.workspace, cuda::CUDNN_DETERMINISTIC);
  if (!settings.compute) return {usual};
  return {offer(kLarge, 1, kHuge, cuda::CUDNN_DETERMINISTIC),
          offer(kQuick, 2, 0, cuda::CUDNN_NON_DETERMINISTIC), usual};
}

/// Bytes that it wants; nothing where there is no such algorithm.
std::optional<std::size_t> workspace_of(const Settings& settings, int algorithm) {
  for (const auto& each : algorithms_of(settings)) {
    if (each.algo == algorithm) return each.memory;
  }
  return std::nullopt;
}

/// In the order of the functions' parameters.
struct Operands {
  void *a, *b, *c;
};

/// The three as `image`, `filter`, `result`.
Operands by_role(Computed computed, Operands given) {
  switch (computed) {
    case Computed::image: return {given.c, given.a, given.b};
    case Computed::filter: return {given.a, given.c, given.b};
    default: return given;
  }
}

cudnnStatus_t read_descriptors(const DriverModel& model, void* handle, Computed computed,
                               Operands descriptors, void* convolution, Convolution& read) {
  if (!model.handles.holds(kDnnHandle, handle)) return CUDNN_STATUS_NOT_INITIALIZED;
  const auto [image, filter, result] = by_role(computed, descriptors);
  const auto* const description = find_description(model, convolution);
  const bool known = model.handles.holds(kTensor, image) && model.handles.holds(kFilter, filter) &&
                     model.handles.holds(kTensor, result) && description != nullptr;
  if (!known) return CUDNN_STATUS_BAD_PARAM;
  return read_convolution(*find_tensor(model, image), *find_tensor(model, filter),
                          *find_tensor(model, result), *description, read);
}

/// What is not computed may be a convolution of any kind.
cudnnStatus_t check_where_computed(const DriverModel& model, void* handle, Computed computed,
                                   Operands descriptors, void* convolution, Convolution& read) {
  if (!model.settings.compute) return CUDNN_STATUS_SUCCESS;
  return read_descriptors(model, handle, computed, descriptors, convolution, read);
}

/// What the true library wants for what is not computed, only it knows.
void note_workspace(DriverModel& model, std::string_view function, std::size_t bytes) {
  if (!model.settings.compute) model.observations.note_estimate(function, bytes);
}

cudnnStatus_t find_algorithms(std::string_view function, Computed computed, void* handle,
                              Operands descriptors, void* convolution, int requested, int* returned,
                              cudnnConvolutionAlgoPerf_t* results) {
  return dnn_call(function, [&](DriverModel& model) {
    Convolution read{};
    const cudnnStatus_t status =
        check_where_computed(model, handle, computed, descriptors, convolution, read);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    if (requested < 1 || returned == nullptr || results == nullptr) return CUDNN_STATUS_BAD_PARAM;
    const auto offered = algorithms_of(model.settings);
    *returned = std::min(requested, static_cast<int>(offered.size()));
    std::copy_n(offered.begin(), *returned, results);
    note_workspace(model, function, results[0].memory);
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t find_workspace(std::string_view function, Computed computed, void* handle, Operands descriptors,
                             void* convolution, int algorithm, std::size_t* bytes) {
  return dnn_call(function, [&](DriverModel& model) {
    Convolution read{};
    const cudnnStatus_t status =
        check_where_computed(model, handle, computed, descriptors, convolution, read);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    const auto wanted = workspace_of(model.settings, algorithm);
    if (!wanted || bytes == nullptr) return CUDNN_STATUS_NOT_SUPPORTED;
    *bytes = *wanted;
    note_workspace(model, function, *bytes);
    return CUDNN_STATUS_SUCCESS;
  });
}

/// Whether all that is read and written is memory of a device.
bool is_accessible(const DriverModel& model, const Convolution& c, const ConvolutionData& data, Range work) {
  const std::size_t size = c.type == CUDA_R_32F ? 4 : 2;
  const auto holds = [&](const void* at, std::int64_t elements) {
    return model.memory.accessible({address_of(at), static_cast<std::size_t>(elements) * size});
  };
  return holds(data.x, c.x_elements()) && holds(data.w, c.w_elements()) && holds(data.y, c.y_elements()) &&
         (work.bytes == 0 || model.memory.accessible(work));
}

/// What a call convolves with, but for the descriptors.
struct Run {
  const void* alpha;
  Operands data;
  int algorithm;
  Range work;
  const void* beta;
};

/// An address that is none of the device's does not fail here: the device finds out later, as kernels do.
cudnnStatus_t convolve(std::string_view function, Computed computed, void* handle, Operands descriptors,
                       void* convolution, const Run& run) {
  Convolution read{};
  ConvolutionData data{};
  bool computes = false;
  const cudnnStatus_t status = dnn_call(function, [&](DriverModel& model) {
    const cudnnStatus_t checked =
        check_where_computed(model, handle, computed, descriptors, convolution, read);
    if (checked != CUDNN_STATUS_SUCCESS || !model.settings.compute) return checked;
    const auto wanted = workspace_of(model.settings, run.algorithm);
    if (run.alpha == nullptr || run.beta == nullptr || !wanted || *wanted > run.work.bytes)
      return CUDNN_STATUS_BAD_PARAM;
    const auto [x, w, y] = by_role(computed, run.data);
    data = {*static_cast<const float*>(run.alpha), *static_cast<const float*>(run.beta), x, w, y};
    computes = is_accessible(model, read, data, {run.work.address, *wanted});
    if (!computes) model.broken[current_device()] = cudaErrorIllegalAddress;
    return CUDNN_STATUS_SUCCESS;
  });
  if (status == CUDNN_STATUS_SUCCESS && computes) compute(read, computed, data);
  return status;
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnCreateConvolutionDescriptor(void** handle) {
  return create<ConvolutionDescription>(kConvolution, handle);
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(void* handle) {
  return destroy("cudnnDestroyConvolutionDescriptor", kConvolution, handle);
}

cudnnStatus_t cudnnSetConvolutionNdDescriptor(void* handle, int rank, const int* paddings, const int* strides,
                                              const int* dilations, int mode, int sums) {
  return dnn_call("cudnnSetConvolutionNdDescriptor", [&](const DriverModel& model) {
    ConvolutionDescription* const description = find_description(model, handle);
    if (description == nullptr || rank < 1) return CUDNN_STATUS_BAD_PARAM;
    *description = {
        {paddings, paddings + rank}, {strides, strides + rank}, {dilations, dilations + rank}, mode, sums};
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnSetConvolutionMathType(void* handle, int math) {
  return dnn_call("cudnnSetConvolutionMathType", [&](const DriverModel& model) {
    ConvolutionDescription* const description = find_description(model, handle);
    if (description == nullptr) return CUDNN_STATUS_BAD_PARAM;
    description->math = math;
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnSetConvolutionGroupCount(void* handle, int groups) {
  return dnn_call("cudnnSetConvolutionGroupCount", [&](const DriverModel& model) {
    ConvolutionDescription* const description = find_description(model, handle);
    if (description == nullptr) return CUDNN_STATUS_BAD_PARAM;
    description->groups = groups;
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // extern "C"

// The functions of a kind take the same parameters in the same order.
#define MEMSWEEP_CONVOLUTION(kind, computed)                                                            \
  extern "C" cudnnStatus_t cudnnGetConvolution##kind##Algorithm_v7(                                     \
      void* handle, void* a, void* b, void* convolution, void* c, int requested, int* returned,         \
      cudnnConvolutionAlgoPerf_t* results) {                                                            \
    return find_algorithms("cudnnGetConvolution" #kind "Algorithm_v7", computed, handle, {a, b, c},     \
                           convolution, requested, returned, results);                                  \
  }                                                                                                     \
  extern "C" cudnnStatus_t cudnnGetConvolution##kind##WorkspaceSize(                                    \
      void* handle, void* a, void* b, void* convolution, void* c, int algorithm, std::size_t* bytes) {  \
    return find_workspace("cudnnGetConvolution" #kind "WorkspaceSize", computed, handle, {a, b, c},     \
                          convolution, algorithm, bytes);                                               \
  }                                                                                                     \
  extern "C" cudnnStatus_t cudnnConvolution##kind(                                                      \
      void* handle, const void* alpha, void* a, void* a_data, void* b, void* b_data, void* convolution, \
      int algorithm, void* work, std::size_t work_bytes, const void* beta, void* c, void* c_data) {     \
    const Range borrowed{address_of(work), work_bytes};                                                 \
    return convolve("cudnnConvolution" #kind, computed, handle, {a, b, c}, convolution,                 \
                    {alpha, {a_data, b_data, c_data}, algorithm, borrowed, beta});                      \
  }
MEMSWEEP_CONVOLUTION(Forward, Computed::result)
MEMSWEEP_CONVOLUTION(BackwardData, Computed::image)
MEMSWEEP_CONVOLUTION(BackwardFilter, Computed::filter)

}  // namespace memsweep::standin
