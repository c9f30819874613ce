// The names in the dictionaries of a memory snapshot (torch.cuda.memory._snapshot of PyTorch 1.13 to 2.15).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace memsweep {

enum class SnapshotField : std::uint8_t {
  segments,
  device_traces,
  host_segments,
  allocator_settings,
  alloc_conf,
  max_round_threshold,
  device,
  address,
  total_size,
  allocated_size,
  active_size,
  requested_size,
  stream,
  segment_type,
  segment_pool_id,
  is_expandable,
  blocks,
  size,
  state,
  history,
  real_size,
  action,
  addr,
  device_free,
  time_us,
  pool_id,
  frames,
  name,
  filename,
  line,
};

inline constexpr std::array<std::string_view, 30> kSnapshotFields{
    "segments",
    "device_traces",
    "host_segments",
    "allocator_settings",
    "PYTORCH_CUDA_ALLOC_CONF",
    "max_round_threshold",
    "device",
    "address",
    "total_size",
    "allocated_size",
    "active_size",
    "requested_size",
    "stream",
    "segment_type",
    "segment_pool_id",
    "is_expandable",
    "blocks",
    "size",
    "state",
    "history",
    "real_size",
    "action",
    "addr",
    "device_free",
    "time_us",
    "pool_id",
    "frames",
    "name",
    "filename",
    "line",
};

}  // namespace memsweep
