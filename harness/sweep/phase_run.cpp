#include "harness/sweep/phase_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/memory/errors.h"
#include "harness/memory/make_allocator.h"
#include "harness/sweep/execution.h"
#include "harness/sweep/scalar.h"
#include "harness/trace/recorder.h"

namespace memsweep {
namespace {

/// Whether building the optimizer makes state: then the set-up has a phase for it.
bool builds_state(const Program& program) {
  return std::any_of(program.setup.begin(), program.setup.end(),
                     [](const Instr& instr) { return instr.phase == Phase::optimizer; });
}

class Run {
 public:
  Run(Device& device, const StepSchedule& schedule, const PhaseRunOptions& options)
      : device_(device),
        schedule_(schedule),
        options_(options),
        recorder_([&device] { return device.now(); }),
        source_(device.memory(), recorder_),
        upstream_(make_allocator(source_, options.settings, options.release)),
        allocator_(*upstream_, recorder_),
        execution_(device, allocator_,
                   library_workspaces(options.release, device.profile().compute_capability)) {
    execution_.on_phase_end([this](std::int64_t step, Phase phase) { phase_ended(step, phase); });
    execution_.on_instruction([this](const Instr& instr, std::size_t index) {
      recorder_.enter({std::string(row_of(instr.op).name), std::string(name_of(instr.phase)),
                       static_cast<std::int64_t>(index)});
    });
  }

  PhaseRun run() && {
    try {
      execution_.set_up(schedule_(1));
      for (step_ = 1; step_ <= options_.steps; ++step_) {
        if (options_.interrupted && options_.interrupted()) throw Interrupted();
        execution_.step(schedule_(step_), step_);
      }
    } catch (const OutOfMemory& refused) {
      result_.outcome = Outcome::oom;
      result_.message = refused.message();
      const PhaseRow last = result_.rows.empty() ? PhaseRow{} : result_.rows.back();
      result_.at_failure = row(last.step, last.phase);
    }
    const auto& tags = execution_.ledger().at_peak();
    std::copy_n(tags.begin(), result_.by_category.size(), result_.by_category.begin());
    result_.recording = recorder_.recording(allocator_, options_.settings.text, options_.release);
    return std::move(result_);
  }

 private:
  void phase_ended(std::int64_t step, Phase phase) {
    if (phase == Phase::setup) {
      end_phase(step, "model");
      if (!builds_state(schedule_(1).program)) end_phase(step, name_of(Phase::optimizer));
      return;
    }
    if (phase == Phase::loss && device_.computes()) note_loss();
    const bool of_micro_batch = step > 0 && phase >= Phase::data && phase <= Phase::backward;
    if (options_.micro_batches > 1 && of_micro_batch) {
      end_phase(step, fmt::format("{}.{}", name_of(phase), micro_batch_));
      if (phase == Phase::backward) micro_batch_ = (micro_batch_ + 1) % options_.micro_batches;
    } else {
      end_phase(step, name_of(phase));
    }
  }

  void end_phase(std::int64_t step, std::string_view phase) {
    result_.rows.push_back(row(step, std::string(phase)));
    result_.marks.push_back({recorder_.events(), step, std::string(phase)});
    allocator_.reset_peaks();
  }

  [[nodiscard]] PhaseRow row(std::int64_t step, std::string phase) const {
    const Statistics& s = allocator_.statistics();
    return {step,
            std::move(phase),
            s.allocated_bytes.all.current,
            s.allocated_bytes.all.peak,
            s.reserved_bytes.all.current,
            s.reserved_bytes.all.peak,
            s.requested_bytes.all.current,
            s.requested_bytes.all.peak,
            s.active_bytes.all.current,
            s.active_bytes.all.peak,
            s.num_alloc_retries,
            s.allocation.all.allocated,
            s.segment.all.current};
  }

  void note_loss() {
    const Program& program = schedule_(step_).program;
    result_.losses.push_back(
        read_scalar(device_, execution_.address(program.loss), program.type(program.loss).dtype));
  }

  Device& device_;
  const StepSchedule& schedule_;
  const PhaseRunOptions& options_;
  Recorder recorder_;
  RecordedSource source_;
  std::unique_ptr<Allocator> upstream_;
  RecordedAllocator allocator_;
  Execution execution_;
  std::int64_t step_ = 0;
  int micro_batch_ = 0;
  PhaseRun result_;
};

/// How many events lead to the peak of requested bytes.
std::size_t events_to_peak(const std::vector<Event>& events) {
  std::size_t live = 0, peak = 0, at = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].action == Action::alloc) live += events[i].size;
    if (events[i].action == Action::free_completed) live -= events[i].size;
    if (live > peak) {
      peak = live;
      at = i + 1;
    }
  }
  return at;
}

}  // namespace

PhaseRun run_phases(Device& device, const StepSchedule& schedule, const PhaseRunOptions& options) {
  return Run(device, schedule, options).run();
}

std::vector<OpShare> shares_at_peak(const Recording& recording) {
  std::unordered_map<Address, const Event*> live;
  const std::size_t count = events_to_peak(recording.events);
  for (std::size_t i = 0; i < count; ++i) {
    const Event& event = recording.events[i];
    if (event.action == Action::alloc) live[event.address] = &event;
    if (event.action == Action::free_completed) live.erase(event.address);
  }
  std::map<std::string, OpShare> by_op;
  for (const auto& [address, event] : live) {
    const std::string& op = recording.places[event->place].function;
    OpShare& share = by_op[op];
    share.op = op;
    share.bytes += event->size;
    ++share.blocks;
  }
  std::vector<OpShare> shares;
  for (auto& [op, share] : by_op) shares.push_back(std::move(share));
  std::stable_sort(shares.begin(), shares.end(),
                   [](const OpShare& a, const OpShare& b) { return a.bytes > b.bytes; });
  return shares;
}

}  // namespace memsweep
