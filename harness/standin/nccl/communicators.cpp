// NCCL: communicators of any number of ranks, none of which is there but the caller. What others would send
// is taken to be what the caller has; NCCL's own buffers are not counted.
#include <cstddef>
#include <cstdint>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {
namespace {

enum ncclResult_t {
  ncclSuccess = 0,
  ncclUnhandledCudaError = 1,
  ncclInvalidArgument = 4,
  ncclInvalidUsage = 5
};

/// What ranks agree on before they meet.
struct ncclUniqueId {
  char internal[128];
};

struct Communicator {
  int ranks = 1;
  int rank = 0;
  int device = 0;
};

constexpr std::string_view kCommunicator = "ncclCommInitRank";
constexpr int kVersion = 22809;

template <class Body>
ncclResult_t nccl_call(std::string_view function, Body body) {
  return run_call<ncclResult_t>(function, [&](DriverModel& model) {
    return model.broken[current_device()] == cudaSuccess ? body(model) : ncclUnhandledCudaError;
  });
}

template <class Body>
ncclResult_t communicator_call(std::string_view function, const void* handle, Body body) {
  return nccl_call(function, [&](DriverModel& model) {
    if (!model.handles.holds(kCommunicator, handle)) return ncclInvalidArgument;
    return body(model, *static_cast<const Communicator*>(handle));
  });
}

ncclResult_t create(std::string_view function, void** handle, int ranks, int rank) {
  return nccl_call(function, [&](DriverModel& model) {
    if (ranks < 1 || rank < 0 || rank >= ranks) return ncclInvalidArgument;
    *handle = model.handles.create(kCommunicator, Communicator{ranks, rank, current_device()});
    return ncclSuccess;
  });
}

ncclResult_t destroy(std::string_view function, const void* handle) {
  return nccl_call(function, [&](DriverModel& model) {
    return model.handles.destroy(kCommunicator, handle) ? ncclSuccess : ncclInvalidArgument;
  });
}

/// Of one element, in bytes.
std::size_t size_of(int type) {
  constexpr std::size_t kSizes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2, 1, 1};
  return type >= 0 && type < 12 ? kSizes[type] : 1;
}

/// `count` elements, from the caller alone or from each rank one after the other.
ncclResult_t receive(std::string_view function, const void* handle, const void* from, void* to,
                     std::size_t count, int type, bool from_each_rank) {
  return communicator_call(function, handle, [&](DriverModel& model, const Communicator& communicator) {
    const std::size_t bytes = count * size_of(type);
    const int pieces = from_each_rank ? communicator.ranks : 1;
    for (int piece = 0; piece < pieces; ++piece) {
      const Address place = reinterpret_cast<Address>(to) + piece * bytes;
      if (to != from) model.shadow.copy(place, {reinterpret_cast<Address>(from), bytes});
    }
    return ncclSuccess;
  });
}

/// Nothing is known of what comes from others.
ncclResult_t receive_unknown(std::string_view function, const void* handle, void* to, std::size_t bytes) {
  return communicator_call(function, handle, [&](DriverModel& model, const Communicator&) {
    model.shadow.forget({reinterpret_cast<Address>(to), bytes});
    return ncclSuccess;
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
  return create(kCommunicator, handle, ranks, rank);
}

ncclResult_t ncclCommInitRankConfig(void** handle, int ranks, ncclUniqueId, int rank, const void*) {
  return create("ncclCommInitRankConfig", handle, ranks, rank);
}

ncclResult_t ncclCommInitRankScalable(void** handle, int ranks, int rank, int, const ncclUniqueId*,
                                      const void*) {
  return create("ncclCommInitRankScalable", handle, ranks, rank);
}

/// A communicator for each device of the process.
ncclResult_t ncclCommInitAll(void** handles, int ranks, const int*) {
  for (int rank = 0; rank < ranks; ++rank) {
    const ncclResult_t result = create("ncclCommInitAll", &handles[rank], ranks, rank);
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

ncclResult_t ncclGroupStart() {
  return nccl_call("ncclGroupStart", [](const DriverModel&) { return ncclSuccess; });
}

ncclResult_t ncclGroupEnd() {
  return nccl_call("ncclGroupEnd", [](const DriverModel&) { return ncclSuccess; });
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, int type, int, const void* handle,
                           cudaStream_t) {
  return receive("ncclAllReduce", handle, from, to, count, type, false);
}

ncclResult_t ncclReduce(const void* from, void* to, std::size_t count, int type, int, int, const void* handle,
                        cudaStream_t) {
  return receive("ncclReduce", handle, from, to, count, type, false);
}

ncclResult_t ncclBroadcast(const void* from, void* to, std::size_t count, int type, int, const void* handle,
                           cudaStream_t) {
  return receive("ncclBroadcast", handle, from, to, count, type, false);
}

ncclResult_t ncclBcast(void* data, std::size_t count, int type, int, const void* handle, cudaStream_t) {
  return receive("ncclBcast", handle, data, data, count, type, false);
}

ncclResult_t ncclAllGather(const void* from, void* to, std::size_t count, int type, const void* handle,
                           cudaStream_t) {
  return receive("ncclAllGather", handle, from, to, count, type, true);
}

ncclResult_t ncclReduceScatter(const void* from, void* to, std::size_t count, int type, int,
                               const void* handle, cudaStream_t) {
  return receive("ncclReduceScatter", handle, from, to, count, type, false);
}

ncclResult_t ncclAlltoAll(const void* from, void* to, std::size_t count, int type, const void* handle,
                          cudaStream_t) {
  return receive("ncclAlltoAll", handle, from, to, count, type, true);
}

ncclResult_t ncclSend(const void*, std::size_t, int, int, const void* handle, cudaStream_t) {
  return communicator_call("ncclSend", handle,
                           [](const DriverModel&, const Communicator&) { return ncclSuccess; });
}

ncclResult_t ncclRecv(void* to, std::size_t count, int type, int, const void* handle, cudaStream_t) {
  return receive_unknown("ncclRecv", handle, to, count * size_of(type));
}

}  // extern "C"
}  // namespace memsweep::standin
