// Addresses and memory apart: what expandable segments are made of.
#include <algorithm>
#include <span>

#include "harness/standin/cuda/call.h"

namespace memsweep::standin {
namespace {

/// Ordinary memory of a device. Handles may be meant for other processes, by a file descriptor (which nobody
/// can get here: cuMemExportToShareableHandle is not supported); fabric handles are refused as on a machine
/// that has no daemon for them.
CUresult check_properties(const DriverModel& model, const CUmemAllocationProp* properties) {
  if (properties == nullptr || properties->type != CU_MEM_ALLOCATION_TYPE_PINNED)
    return CUDA_ERROR_INVALID_VALUE;
  if (properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE) return CUDA_ERROR_NOT_SUPPORTED;
  if (!model.has_device(properties->location.id)) return CUDA_ERROR_INVALID_DEVICE;
  if (properties->requestedHandleTypes == CU_MEM_HANDLE_TYPE_FABRIC) return CUDA_ERROR_NOT_PERMITTED;
  const bool local = properties->requestedHandleTypes == CU_MEM_HANDLE_TYPE_NONE ||
                     properties->requestedHandleTypes == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  return local ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}

}  // namespace

extern "C" {

CUresult cuMemGetAllocationGranularity(size_t* granularity, const CUmemAllocationProp* properties,
                                       CUmemAllocationGranularity_flags) {
  return driver_query("cuMemGetAllocationGranularity", [&](const DriverModel& model) {
    *granularity = kPage;
    return check_properties(model, properties);
  });
}

CUresult cuMemAddressReserve(CUdeviceptr* pointer, size_t bytes, size_t alignment, CUdeviceptr,
                             unsigned long long) {
  return driver_call("cuMemAddressReserve", [&](DriverModel& model) {
    Address address = 0;
    const CUresult result = as_result(model.memory.reserve(bytes, alignment, address));
    if (result == CUDA_SUCCESS) *pointer = address;
    return result;
  });
}

CUresult cuMemAddressFree(CUdeviceptr pointer, size_t bytes) {
  return driver_call("cuMemAddressFree", [&](DriverModel& model) {
    return as_result(model.memory.unreserve({pointer, bytes}));
  });
}

CUresult cuMemCreate(CUmemGenericAllocationHandle* handle, size_t bytes,
                     const CUmemAllocationProp* properties, unsigned long long) {
  return driver_call("cuMemCreate", [&](DriverModel& model) {
    if (const CUresult checked = check_properties(model, properties); checked != CUDA_SUCCESS) return checked;
    std::uint64_t made = 0;
    const CUresult result = as_result(model.memory.create(properties->location.id, bytes, made));
    if (result == CUDA_SUCCESS) *handle = made;
    return result;
  });
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
  return driver_call("cuMemRelease",
                     [&](DriverModel& model) { return as_result(model.memory.release(handle)); });
}

CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                  unsigned long long) {
  return driver_call("cuMemMap", [&](DriverModel& model) {
    if (offset != 0) return CUDA_ERROR_INVALID_VALUE;  // as the driver: whole handles only
    model.shadow.forget({pointer, bytes});
    return as_result(model.memory.map({pointer, bytes}, handle));
  });
}

CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes) {
  return driver_call("cuMemUnmap", [&](DriverModel& model) {
    return as_result(model.memory.unmap({pointer, bytes}));
  });
}

CUresult cuMemSetAccess(CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc* access, size_t count) {
  return driver_call("cuMemSetAccess", [&](DriverModel& model) {
    const std::span wanted(access, count);
    const bool open = std::ranges::all_of(wanted, [&](const CUmemAccessDesc& each) {
      return each.location.type == CU_MEM_LOCATION_TYPE_DEVICE && model.has_device(each.location.id) &&
             each.flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    });
    if (wanted.empty() || !open) return CUDA_ERROR_NOT_SUPPORTED;
    return as_result(model.memory.set_access({pointer, bytes}));
  });
}

}  // extern "C"
}  // namespace memsweep::standin
