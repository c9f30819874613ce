// A program that is trained in stages, to see what each of them takes and gives back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/device/device.h"
#include "harness/sweep/execution.h"
#include "harness/sweep/experiment.h"
#include "harness/sweep/trial.h"
#include "harness/sweep/watched_allocator.h"

namespace memsweep {

class Training {
 public:
  /// In an allocator of its own, as `options` say. All must outlive it. Throws UsageError for settings that
  /// the device cannot follow.
  Training(Device& device, const Schedule& schedule, const TrialOptions& options);

  /// Runs `action` so many times, each of which is timed. Out of memory is an outcome; what is live then
  /// stays.
  [[nodiscard]] Stage stage(std::string name, int times, const std::function<void()>& action);

  /// The next step, with the set-up before the first. Throws OutOfMemory, and Interrupted.
  void step();

  [[nodiscard]] Execution& execution() { return execution_; }
  [[nodiscard]] Allocator& allocator() { return allocator_; }

 private:
  void note(Stage& stage, const OutOfMemory& refused) const;

  Device& device_;
  const Schedule& schedule_;
  const TrialOptions& options_;
  std::size_t used_before_;
  std::unique_ptr<Allocator> upstream_;
  WatchedAllocator allocator_;
  Execution execution_;
  std::int64_t steps_ = 0;
};

}  // namespace memsweep
