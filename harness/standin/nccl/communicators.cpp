// NCCL: communicators of any number of ranks, none of which is there but the caller. NCCL's own buffers are
// not counted.
#include "harness/standin/nccl/call.h"

namespace memsweep::standin {
namespace {

/// What ranks agree on before they meet.
struct ncclUniqueId {
  char internal[128];
};

constexpr int kVersion = 22809;

ncclResult_t create(std::string_view function, void** handle, int ranks, int rank, int device) {
  return nccl_call(function, [&](DriverModel& model) {
    if (ranks < 1 || rank < 0 || rank >= ranks || !model.has_device(device)) return ncclInvalidArgument;
    *handle = model.handles.create(kCommunicator, Communicator{ranks, rank, device});
    return ncclSuccess;
  });
}

ncclResult_t destroy(std::string_view function, const void* handle) {
  return nccl_call(function, [&](DriverModel& model) {
    return model.handles.destroy(kCommunicator, handle) ? ncclSuccess : ncclInvalidArgument;
  });
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  *version = kVersion;
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess: return "no error";
    case ncclUnhandledCudaError: return "unhandled cuda error (run with NCCL_DEBUG=INFO for details)";
    case ncclInvalidArgument: return "invalid argument (run with NCCL_DEBUG=WARN for details)";
    case ncclInvalidUsage: return "invalid usage (run with NCCL_DEBUG=WARN for details)";
  }
  return "unknown result code";
}

const char* ncclGetLastError(const void*) { return ""; }

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  *id = {};
  return ncclSuccess;
}

ncclResult_t ncclCommInitRank(void** handle, int ranks, ncclUniqueId, int rank) {
  return create(kCommunicator, handle, ranks, rank, current_device());
}

ncclResult_t ncclCommInitRankConfig(void** handle, int ranks, ncclUniqueId, int rank, const void*) {
  return create("ncclCommInitRankConfig", handle, ranks, rank, current_device());
}

ncclResult_t ncclCommInitRankScalable(void** handle, int ranks, int rank, int, const ncclUniqueId*,
                                      const void*) {
  return create("ncclCommInitRankScalable", handle, ranks, rank, current_device());
}

/// A communicator for each of these devices of the process; null: the first ones.
ncclResult_t ncclCommInitAll(void** handles, int ranks, const int* devices) {
  for (int rank = 0; rank < ranks; ++rank) {
    const int device = devices == nullptr ? rank : devices[rank];
    const ncclResult_t result = create("ncclCommInitAll", &handles[rank], ranks, rank, device);
    if (result != ncclSuccess) return result;
  }
  return ncclSuccess;
}

/// Who else has the colour is not known: all ranks are taken to.
ncclResult_t ncclCommSplit(const void* handle, int color, int, void** part, const void*) {
  return communicator_call("ncclCommSplit", handle, [&](DriverModel& model, const Communicator& whole) {
    *part = color < 0 ? nullptr : model.handles.create(kCommunicator, whole);
    return ncclSuccess;
  });
}

ncclResult_t ncclCommFinalize(const void* handle) {
  return communicator_call("ncclCommFinalize", handle,
                           [](const DriverModel&, const Communicator&) { return ncclSuccess; });
}

ncclResult_t ncclCommDestroy(const void* handle) { return destroy("ncclCommDestroy", handle); }
ncclResult_t ncclCommAbort(const void* handle) { return destroy("ncclCommAbort", handle); }

ncclResult_t ncclCommGetAsyncError(const void* handle, ncclResult_t* result) {
  return communicator_call("ncclCommGetAsyncError", handle, [&](const DriverModel&, const Communicator&) {
    *result = ncclSuccess;
    return ncclSuccess;
  });
}

ncclResult_t ncclCommCount(const void* handle, int* ranks) {
  return communicator_call("ncclCommCount", handle, [&](const DriverModel&, const Communicator& found) {
    *ranks = found.ranks;
    return ncclSuccess;
  });
}

ncclResult_t ncclCommUserRank(const void* handle, int* rank) {
  return communicator_call("ncclCommUserRank", handle, [&](const DriverModel&, const Communicator& found) {
    *rank = found.rank;
    return ncclSuccess;
  });
}

ncclResult_t ncclCommCuDevice(const void* handle, int* device) {
  return communicator_call("ncclCommCuDevice", handle, [&](const DriverModel&, const Communicator& found) {
    *device = found.device;
    return ncclSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
