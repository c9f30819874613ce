#include "harness/sweep/trace_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "harness/base/bytes.h"
#include "harness/memory/levels.h"
#include "harness/memory/make_allocator.h"
#include "harness/memory/sources/limited.h"
#include "harness/trace/largest_fit.h"
#include "harness/trace/run_trace.h"

namespace memsweep {
namespace {

/// The number of an operation's request among those of its trace, from 1.
std::int64_t request_number(const Trace& trace, std::size_t operation) {
  const auto end = trace.operations.begin() + static_cast<std::ptrdiff_t>(operation) + 1;
  return std::count_if(trace.operations.begin(), end, [](const Operation& o) {
    return o.kind == Operation::Kind::allocate || o.kind == Operation::Kind::attempt;
  });
}

class User {
 public:
  User(Device& device, SegmentSource& memory, const AllocatorSettings& settings, PytorchRelease release)
      : device_(device),
        memory_(memory),
        settings_(settings),
        release_(release),
        before_(memory.info()),
        allocator_(make_allocator(memory, settings, release, streams_)) {}

  /// `cached_by_others`: of what is in use on the device, bytes.
  Stage run(const TraceUser& user, std::size_t cached_by_others) {
    const double start = device_.now();
    const TraceResult result = run_trace(user.trace, *allocator_, memory_, streams_);
    Stage stage;
    stage.name = user.name;
    stage.seconds = stage_seconds(device_, {device_.now() - start});
    stage.now = levels_now(allocator_->statistics(), memory_);
    stage.peak = result.peak;
    stage.alloc_retries = result.alloc_retries;
    stage.unused_at_peak = result.fragmentation.unused_at_peak;
    stage.scattered = result.fragmentation.scattered;
    stage.reserved_beyond_live = result.fragmentation.reserved_beyond_live;
    stage.verdict = result.alloc_retries > 0 ? Verdict::flushing : Verdict::fits;
    if (result.failure) note(stage, user.trace, *result.failure, cached_by_others);
    return stage;
  }

  [[nodiscard]] std::size_t cached() const {
    const Levels now = levels_now(allocator_->statistics(), memory_);
    return now.reserved - now.allocated;
  }

 private:
  void note(Stage& stage, const Trace& trace, const TraceFailure& failure,
            std::size_t cached_by_others) const {
    stage.outcome = Outcome::oom;
    stage.verdict = diagnose(failure.refused, before_.used, cached_by_others);
    stage.refused_bytes = failure.refused.requested;
    stage.refused_at = request_number(trace, failure.operation);
    stage.largest_fit = largest_fit(trace, failure.operation, [this] {
      return fresh_allocator(settings_, release_, {before_.total, before_.used});
    });
    stage.message = failure.refused.message();
  }

  Device& device_;
  SegmentSource& memory_;
  const AllocatorSettings& settings_;
  PytorchRelease release_;
  SegmentSource::Info before_;
  TraceStreams streams_;
  std::unique_ptr<Allocator> allocator_;
};

Stage not_run(const Device& device, std::size_t capacity, std::size_t room) {
  Stage stage;
  stage.name = "all";
  stage.outcome = Outcome::error;
  stage.message =
      fmt::format("needs {} of memory; {} has {}", format_bytes(capacity), device.name(), format_bytes(room));
  return stage;
}

}  // namespace

std::vector<Stage> run_traces(Device& device, std::size_t capacity, std::span<const TraceUser> users,
                              const AllocatorSettings& settings, PytorchRelease release) {
  const SegmentSource::Info info = device.memory().info();
  if (info.total - info.used < capacity) return {not_run(device, capacity, info.total - info.used)};
  LimitedSource memory(device.memory(), capacity);
  std::vector<std::unique_ptr<User>> present;
  std::vector<Stage> stages;
  std::size_t cached = 0;
  for (const TraceUser& user : users) {
    present.push_back(std::make_unique<User>(device, memory, settings, release));
    stages.push_back(present.back()->run(user, cached));
    if (stages.back().outcome != Outcome::ok) break;
    cached += present.back()->cached();
  }
  return stages;
}

}  // namespace memsweep
