// What ranks send each other. Only the caller is there: what others would send is taken to be what it has
// itself.
#include <vector>

#include "harness/standin/nccl/call.h"

namespace memsweep::standin {
namespace {

struct Broadcast {
  const void* communicator;
  Range from;
  Address to;
  bool is_own;  // the caller is its root
};

/// Calls that are to happen at once. PyTorch gathers pieces in a list so: a broadcast by each rank in turn.
struct Group {
  int depth = 0;
  std::vector<Broadcast> broadcasts;
};

thread_local Group group;

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
      const Address place = address_of(to) + piece * bytes;
      if (to != from) model.shadow.copy(place, {address_of(from), bytes});
    }
    return ncclSuccess;
  });
}

/// Nothing is known of what comes from others.
ncclResult_t receive_unknown(std::string_view function, const void* handle, void* to, std::size_t bytes) {
  return communicator_call(function, handle, [&](DriverModel& model, const Communicator&) {
    model.shadow.forget({address_of(to), bytes});
    return ncclSuccess;
  });
}

/// Others broadcast what the caller does.
void receive_from_others(Shadow& shadow, const std::vector<Broadcast>& broadcasts) {
  for (const Broadcast& own : broadcasts) {
    if (!own.is_own) continue;
    for (const Broadcast& other : broadcasts) {
      const bool alike = other.communicator == own.communicator && other.from.bytes == own.from.bytes;
      if (alike && !other.is_own) shadow.copy(other.to, own.from);
    }
  }
}

ncclResult_t broadcast(std::string_view function, const void* handle, const void* from, void* to,
                       std::size_t bytes, int root) {
  return communicator_call(function, handle, [&](DriverModel& model, const Communicator& communicator) {
    const Broadcast call{handle, {address_of(from), bytes}, address_of(to), root == communicator.rank};
    if (to != from) model.shadow.copy(call.to, call.from);
    if (group.depth > 0) group.broadcasts.push_back(call);
    return ncclSuccess;
  });
}

}  // namespace

extern "C" {

ncclResult_t ncclGroupStart() {
  return nccl_call("ncclGroupStart", [](const DriverModel&) {
    ++group.depth;
    return ncclSuccess;
  });
}

ncclResult_t ncclGroupEnd() {
  return nccl_call("ncclGroupEnd", [](DriverModel& model) {
    if (group.depth == 0) return ncclInvalidUsage;
    if (--group.depth == 0) {
      receive_from_others(model.shadow, group.broadcasts);
      group.broadcasts.clear();
    }
    return ncclSuccess;
  });
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, int type, int, const void* handle,
                           cudaStream_t) {
  return receive("ncclAllReduce", handle, from, to, count, type, false);
}

ncclResult_t ncclReduce(const void* from, void* to, std::size_t count, int type, int, int, const void* handle,
                        cudaStream_t) {
  return receive("ncclReduce", handle, from, to, count, type, false);
}

ncclResult_t ncclBroadcast(const void* from, void* to, std::size_t count, int type, int root,
                           const void* handle, cudaStream_t) {
  return broadcast("ncclBroadcast", handle, from, to, count * size_of(type), root);
}

ncclResult_t ncclBcast(void* data, std::size_t count, int type, int root, const void* handle, cudaStream_t) {
  return broadcast("ncclBcast", handle, data, data, count * size_of(type), root);
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
