// What stands behind the handles of streams, events and graphs.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/standin/driver_model.h"

/// A graph remembers how much was captured, not what.
struct CUgraph_st {
  std::size_t nodes = 0;
};

/// Work that streams note down instead of doing it. Streams join by waiting for an event of a stream that
/// does.
struct Capture {
  std::uint64_t id = 0;  // 0: none
  cudaGraph_t graph = nullptr;
};

struct CUstream_st {
  unsigned flags;
  int priority;
  int device;
  Capture capture;
};

struct CUevent_st {
  using Clock = std::chrono::steady_clock;

  bool timed;
  std::optional<Clock::time_point> recorded;
  Capture capture;  // that it was recorded in
};

namespace memsweep::standin {

// Of streams; lower numbers go first.
inline constexpr int kLeastPriority = 0, kGreatestPriority = -5;

inline constexpr std::string_view kEvent = "cudaEventCreate";

/// The default streams, which capture nothing, are no objects.
inline CUstream_st* find_stream(const DriverModel& model, cudaStream_t stream) {
  return model.handles.holds(kStream, stream) ? stream : nullptr;
}

/// Whether a capture has not ended.
bool is_active(const DriverModel& model, const Capture& capture);

/// That `stream`, which is one, got something to do: in a capture that is a node of the graph.
void note_work(const DriverModel& model, cudaStream_t stream);

}  // namespace memsweep::standin
