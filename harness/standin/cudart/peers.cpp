// Devices beside each other: each can reach the memory of all others.
#include "harness/standin/cudart/call.h"

namespace memsweep::standin {

extern "C" {

cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer) {
  return query("cudaDeviceCanAccessPeer", [&](const DriverModel& model) {
    if (!model.has_device(device) || !model.has_device(peer)) return cudaErrorInvalidDevice;
    *can_access = device == peer ? 0 : 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned int) {
  return call("cudaDeviceEnablePeerAccess", [&](DriverModel& model) {
    if (!model.has_device(peer) || peer == current_device()) return cudaErrorInvalidDevice;
    const bool added = model.peers.emplace(current_device(), peer).second;
    return added ? cudaSuccess : cudaErrorPeerAccessAlreadyEnabled;
  });
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
  return call("cudaDeviceDisablePeerAccess", [&](DriverModel& model) {
    if (!model.has_device(peer)) return cudaErrorInvalidDevice;
    return model.peers.erase({current_device(), peer}) == 1 ? cudaSuccess : cudaErrorPeerAccessNotEnabled;
  });
}

/// Pools are open to all devices anyway.
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const void*, size_t) {
  return call("cudaMemPoolSetAccess", [](const DriverModel&) { return cudaSuccess; });
}

}  // extern "C"
}  // namespace memsweep::standin
