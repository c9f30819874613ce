// The operations of a log on memsweep's own allocator, written down as the log writes them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/memory/caching_allocator.h"
#include "harness/trace/operation_log.h"
#include "harness/trace/recorded_device.h"

namespace memsweep {

class ReplayedLog {
 public:
  /// `real`, if not null, is a device that takes the same memory. Both must outlive this.
  explicit ReplayedLog(const OperationLog& log, SegmentSource* real = nullptr);

  /// The next operation of the log: the calls of the device, then its own line.
  std::vector<std::string> perform(const LogOperation& operation);

  /// The line behind a request that was refused, the last that was performed.
  [[nodiscard]] std::string message() const;

  /// The final layout and statistics, from `# segments` to `# end`.
  [[nodiscard]] std::vector<std::string> final_lines() const;

  [[nodiscard]] const CachingAllocator& allocator() const { return allocator_; }

 private:
  Address act(const LogOperation& operation);
  Address allocate(const LogOperation& operation);
  [[nodiscard]] std::string line_of(const LogOperation& operation, std::size_t id, Address address) const;

  const OperationLog& log_;
  RecordedDevice device_;
  CachingAllocator allocator_;
  std::unordered_map<std::size_t, Address> addresses_;  // by id
  std::optional<OutOfMemory> refusal_;                  // of the last operation
};

}  // namespace memsweep
