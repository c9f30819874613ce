// Variables of device code: known by the host variable that stands for each. They lie in the context's
// memory.
#include <map>
#include <mutex>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/kernels.h"

namespace memsweep::standin {
namespace {

constexpr Address kFirstSymbol = 0x1f0000000000;  // below all that is allocated
constexpr std::size_t kAlignment = 512;

struct Symbols {
  std::mutex mutex;
  std::map<const void*, Range> ranges;  // by host variable
  Address end = kFirstSymbol;
};

/// Never destroyed: libraries are unloaded in any order.
Symbols& symbols() {
  static auto* const held = new Symbols;
  return *held;
}

/// Of no bytes where it is no symbol.
Range find_symbol(const void* variable) {
  const std::lock_guard lock(symbols().mutex);
  const auto found = symbols().ranges.find(variable);
  return found == symbols().ranges.end() ? Range{} : found->second;
}

}  // namespace

void register_symbol(const void* variable, std::size_t bytes) {
  const std::lock_guard lock(symbols().mutex);
  if (!symbols().ranges.emplace(variable, Range{symbols().end, bytes}).second) return;
  symbols().end += (bytes + kAlignment) / kAlignment * kAlignment;
}

extern "C" {

cudaError_t cudaGetSymbolAddress(void** pointer, const void* variable) {
  return call("cudaGetSymbolAddress", [&](const DriverModel&) {
    const Range found = find_symbol(variable);
    if (found.bytes == 0) return cudaErrorInvalidSymbol;
    *pointer = reinterpret_cast<void*>(found.address);
    return cudaSuccess;
  });
}

cudaError_t cudaGetSymbolSize(size_t* bytes, const void* variable) {
  return call("cudaGetSymbolSize", [&](const DriverModel&) {
    *bytes = find_symbol(variable).bytes;
    return *bytes == 0 ? cudaErrorInvalidSymbol : cudaSuccess;
  });
}

cudaError_t cudaMemcpyToSymbol(const void* variable, const void* from, size_t bytes, size_t offset,
                               cudaMemcpyKind kind) {
  return call("cudaMemcpyToSymbol", [&](DriverModel& model) {
    const Range found = find_symbol(variable);
    if (found.bytes == 0) return cudaErrorInvalidSymbol;
    const Range to{found.address + offset, bytes};
    if (!found.holds(to)) return cudaErrorInvalidValue;
    if (kind == cudaMemcpyHostToDevice) {
      model.shadow.write(to.address, {static_cast<const std::byte*>(from), bytes});
    } else {
      model.shadow.copy(to.address, {address_of(from), bytes});
    }
    return cudaSuccess;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
