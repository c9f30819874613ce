#include <cstring>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/streams.h"

namespace memsweep::standin {
namespace {

/// Which sides of a copy are on a device.
struct Sides {
  bool to_device = false;
  bool from_device = false;
};

cudaError_t sides_of(const DriverModel& model, Range to, Range from, cudaMemcpyKind kind, Sides& sides) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  sides.to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice ||
                    (kind == cudaMemcpyDefault && model.memory.device_of(to.address) >= 0);
  sides.from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice ||
                      (kind == cudaMemcpyDefault && model.memory.device_of(from.address) >= 0);
  if (sides.to_device && !model.memory.accessible(to)) return cudaErrorInvalidValue;
  if (sides.from_device && !model.memory.accessible(from)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

/// Where device memory holds nothing: by rule, what the host put there, or zeros.
void read_unbacked(DriverModel& model, Range from, std::byte* to) {
  const ReadRules::Answered by_rule = model.rules.read(from, to);
  if (by_rule == ReadRules::Answered::truth) {
    model.observations.note_truth_by_rule();
  } else if (by_rule == ReadRules::Answered::count) {
    model.observations.note_count_by_rule();
  } else if (model.shadow.read(from, to)) {
    model.observations.note_shadow_read();
  } else {
    std::memset(to, 0, from.bytes);
    model.observations.note_blind_read(from.bytes);
  }
}

void move_bytes(DriverModel& model, Sides sides, void* to, const void* from, std::size_t bytes) {
  if (model.settings.compute || (!sides.to_device && !sides.from_device)) {
    std::memmove(to, from, bytes);
    return;
  }
  if (!sides.to_device) return read_unbacked(model, {address_of(from), bytes}, static_cast<std::byte*>(to));
  if (sides.from_device) {
    model.rules.copied(bytes);
    model.shadow.copy(address_of(to), {address_of(from), bytes});
  } else {
    model.rules.written();
    model.shadow.write(address_of(to), {static_cast<const std::byte*>(from), bytes});
  }
}

cudaError_t copy(std::string_view function, void* to, const void* from, std::size_t bytes,
                 cudaMemcpyKind kind, cudaStream_t stream) {
  return call(function, [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    note_work(model, stream);
    if (bytes == 0) return cudaSuccess;
    Sides sides;
    const cudaError_t status =
        sides_of(model, {address_of(to), bytes}, {address_of(from), bytes}, kind, sides);
    if (status == cudaSuccess) move_bytes(model, sides, to, from, bytes);
    return status;
  });
}

cudaError_t fill(std::string_view function, void* pointer, int value, std::size_t bytes,
                 cudaStream_t stream) {
  return call(function, [&](DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    note_work(model, stream);
    if (bytes == 0) return cudaSuccess;
    if (!model.memory.accessible({address_of(pointer), bytes})) return cudaErrorInvalidValue;
    if (model.settings.compute) {
      std::memset(pointer, value, bytes);
    } else {
      model.rules.written();
      model.shadow.fill({address_of(pointer), bytes}, static_cast<std::byte>(value));
    }
    return cudaSuccess;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return copy("cudaMemcpy", to, from, bytes, kind, nullptr);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return copy("cudaMemcpyAsync", to, from, bytes, kind, stream);
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return fill("cudaMemset", pointer, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return fill("cudaMemsetAsync", pointer, value, bytes, stream);
}

/// Rows of `width` bytes, as far apart as the pitches say.
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return remember(cudaErrorInvalidPitchValue);
  for (std::size_t row = 0; row < height; ++row) {
    const cudaError_t status = copy("cudaMemcpy2DAsync", static_cast<char*>(to) + row * to_pitch,
                                    static_cast<const char*>(from) + row * from_pitch, width, kind, stream);
    if (status != cudaSuccess) return status;
  }
  return cudaSuccess;
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t stream) {
  return copy("cudaMemcpyPeerAsync", to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

}  // extern "C"
}  // namespace memsweep::standin
