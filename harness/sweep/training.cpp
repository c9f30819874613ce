#include "harness/sweep/training.h"

#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "harness/memory/levels.h"
#include "harness/memory/make_allocator.h"
#include "harness/trace/run_trace.h"

namespace memsweep {

Training::Training(Device& device, const Schedule& schedule, const TrialOptions& options)
    : device_(device),
      schedule_(schedule),
      options_(options),
      used_before_(device.memory().info().used),
      upstream_(make_allocator(device.memory(), options.settings, options.release)),
      allocator_(*upstream_),
      execution_(device, allocator_,
                 library_workspaces(options.release, device.profile().compute_capability)) {}

Stage Training::stage(std::string name, int times, const std::function<void()>& action) {
  Stage stage;
  stage.name = std::move(name);
  const std::int64_t retries_before = allocator_.statistics().num_alloc_retries;
  allocator_.reset_peaks();
  std::vector<double> seconds;
  try {
    while (std::ssize(seconds) < times) {
      const double start = device_.now();
      action();
      seconds.push_back(device_.now() - start);
    }
  } catch (const OutOfMemory& refused) {
    note(stage, refused);
  }
  const Statistics& s = allocator_.statistics();
  stage.now = levels_now(s, device_.memory());
  stage.peak = peak_levels(s, used_before_);
  stage.alloc_retries = s.num_alloc_retries - retries_before;
  if (stage.outcome == Outcome::ok && stage.alloc_retries > 0) stage.verdict = Verdict::flushing;
  stage.unused_at_peak = allocator_.reserved_peak().unused();
  stage.reserved_beyond_live = stage.peak.reserved - stage.peak.allocated;
  stage.seconds = stage_seconds(device_, std::move(seconds));
  return stage;
}

void Training::step() {
  if (options_.interrupted && options_.interrupted()) throw Interrupted();
  if (steps_ == 0) execution_.set_up(schedule_);
  execution_.step(schedule_, ++steps_);
}

void Training::note(Stage& stage, const OutOfMemory& refused) const {
  stage.outcome = Outcome::oom;
  stage.verdict = diagnose(refused, used_before_);
  stage.scattered = scattered(allocator_.snapshot());
  stage.refused_bytes = refused.requested;
  stage.refused_at = allocator_.requests();
  stage.message = refused.message();
}

}  // namespace memsweep
