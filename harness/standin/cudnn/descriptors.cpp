// Descriptors that are set and never read here, and the sizes around them that only the library knows.
#include "harness/standin/cudnn/call.h"

namespace memsweep::standin {
namespace {

/// What was set is of no use where nothing is computed.
struct Unread {};

std::size_t nothing(const DriverModel&) { return 0; }

/// A generator's state of 48 bytes for each of 256 threads of a multiprocessor.
std::size_t dropout_states(const DriverModel& model) {
  return std::size_t{48} * 256 * static_cast<std::size_t>(model.settings.multiprocessors);
}

}  // namespace

#define MEMSWEEP_DESCRIPTOR(kind)                                                                \
  extern "C" cudnnStatus_t cudnnCreate##kind##Descriptor(void** handle) {                        \
    return create<Unread>("cudnnCreate" #kind "Descriptor", handle);                             \
  }                                                                                              \
  extern "C" cudnnStatus_t cudnnDestroy##kind##Descriptor(void* handle) {                        \
    return destroy("cudnnDestroy" #kind "Descriptor", "cudnnCreate" #kind "Descriptor", handle); \
  }
MEMSWEEP_DESCRIPTOR(Activation)
MEMSWEEP_DESCRIPTOR(CTCLoss)
MEMSWEEP_DESCRIPTOR(Dropout)
MEMSWEEP_DESCRIPTOR(Pooling)
MEMSWEEP_DESCRIPTOR(SpatialTransformer)

extern "C" {

cudnnStatus_t cudnnDropoutGetStatesSize(void*, std::size_t* bytes) {
  return estimate("cudnnDropoutGetStatesSize", bytes, dropout_states);
}

cudnnStatus_t cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(void*, int, int, const void*,
                                                                       const void*, const void*, const void*,
                                                                       const void*, std::size_t* bytes) {
  return estimate("cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize", bytes, nothing);
}

cudnnStatus_t cudnnGetBatchNormalizationBackwardExWorkspaceSize(void*, int, int, const void*, const void*,
                                                                const void*, const void*, const void*,
                                                                const void*, const void*,
                                                                std::size_t* bytes) {
  return estimate("cudnnGetBatchNormalizationBackwardExWorkspaceSize", bytes, nothing);
}

cudnnStatus_t cudnnGetBatchNormalizationTrainingExReserveSpaceSize(void*, int, int, const void*, const void*,
                                                                   std::size_t* bytes) {
  return estimate("cudnnGetBatchNormalizationTrainingExReserveSpaceSize", bytes, nothing);
}

cudnnStatus_t cudnnGetCTCLossWorkspaceSize(void*, const void*, const void*, const int*, const int*,
                                           const int*, int, const void*, std::size_t* bytes) {
  return estimate("cudnnGetCTCLossWorkspaceSize", bytes, nothing);
}

cudnnStatus_t cudnnGetCTCLossWorkspaceSize_v8(void*, int, const void*, const void*, const void*,
                                              std::size_t* bytes) {
  return estimate("cudnnGetCTCLossWorkspaceSize_v8", bytes, nothing);
}

}  // extern "C"
}  // namespace memsweep::standin
