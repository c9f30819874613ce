#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/memory/errors.h"
#include "harness/memory/make_allocator.h"
#include "harness/memory/size_rules.h"
#include "harness/sweep/execution.h"
#include "harness/sweep/scalar.h"
#include "harness/sweep/trial.h"
#include "harness/trace/recorder.h"

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 3> kOutcomes{"ok", "oom", "error"};

/// A hash over what training computes, in an order that no remedy changes.
class ResultHash {
 public:
  ResultHash() : state_(XXH3_createState()) {
    if (state_ == nullptr) throw std::bad_alloc();
    XXH3_64bits_reset(state_.get());
  }
  void add(Device& device, Address address, std::size_t bytes) {
    host_.resize(bytes);
    device.read(address, host_.data(), bytes);
    XXH3_64bits_update(state_.get(), host_.data(), bytes);
  }
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
  std::vector<std::byte> host_;
};

class Trial {
 public:
  /// `recorder`, if there is one, stands behind the allocator and is told where requests come from.
  Trial(Device& device, Allocator& allocator, const Schedule& schedule, const TrialOptions& options,
        Recorder* recorder)
      : device_(device),
        allocator_(allocator),
        schedule_(schedule),
        options_(options),
        recorder_(recorder),
        used_before_(device.memory().info().used),
        execution_(device, allocator,
                   library_workspaces(options.release, device.profile().compute_capability)) {
    execution_.on_phase_end([this](std::int64_t step, Phase phase) { phase_ended(step, phase); });
    if (recorder_ == nullptr) return;
    execution_.on_instruction([this](const Instr& instr, std::size_t index) {
      recorder_->enter({std::string(row_of(instr.op).name), std::string(name_of(instr.phase)),
                        static_cast<std::int64_t>(index)});
    });
  }

  TrialResult run() && {
    try {
      execution_.set_up(schedule_);
      certify();
      note_levels();
      if (options_.timing) measure(*options_.timing);
      result_.by_category = by_category(execution_.ledger().at_peak());
    } catch (const OutOfMemory& refused) {
      ran_out(refused);
      note_levels();
    }
    if (recorder_ != nullptr) {
      options_.snapshot(recorder_->recording(allocator_, options_.settings.text, options_.release));
    }
    return std::move(result_);
  }

 private:
  const Program& program() const { return schedule_.program; }

  /// Runs until the outcome is certain, whatever the clock says: it is the same on every device.
  void certify() {
    while (result_.steps < options_.least_steps) advance();
    if (device_.computes()) finish_hash();
    while (result_.steps < options_.most_steps && !settled_) advance();
    if (flushed_in_last_step_) result_.verdict = Verdict::flushing;
  }

  void measure(const StopRule& rule) {
    const auto enough = [&] {
      const double elapsed = std::accumulate(seconds_.begin(), seconds_.end(), 0.0);
      return rule.enough(spread_of(seconds_), elapsed);
    };
    const std::int64_t certified = result_.steps;
    const auto may_go_on = [&] {
      return (settled_ || result_.steps < options_.most_steps) &&
             result_.throttled_samples < rule.max_samples;
    };
    while (!enough() && may_go_on()) advance();
    result_.steps = certified;
    result_.step_seconds = spread_of(seconds_);
    result_.noisy = rule.noisy(result_.step_seconds) || result_.throttled_samples >= rule.max_samples;
  }

  void advance() {
    if (options_.interrupted && options_.interrupted()) throw Interrupted();
    const std::int64_t retries_before = retries();
    const double start = device_.now();
    execution_.step(schedule_, result_.steps + 1);
    if (result_.steps >= options_.least_steps) note_time(device_.now() - start);
    flushed_in_last_step_ = retries() > retries_before;
    ++result_.steps;
    const bool updated = !program().overflow || execution_.updates() > 0;  // state is born in the first
    const std::int64_t update = program().overflow ? execution_.updates() : result_.steps;
    if (updated && update >= program().turn) settled_ = settled_ || !layouts_.insert(layout()).second;
  }

  void note_time(double seconds) {
    if (device_.throttled()) {
      ++result_.throttled_samples;
    } else {
      seconds_.push_back(seconds);
    }
  }

  /// A hash over all that decides what the next step's requests meet, and whether they are refused.
  [[nodiscard]] std::uint64_t layout() const {
    const bool all = !options_.only_verdict || !small_pool_certainly_fits();
    const auto counts = [all](const SegmentSnapshot& segment) {
      return all || segment.pool == PoolKind::large;
    };
    const std::vector<SegmentSnapshot> segments = allocator_.snapshot();
    std::vector<Address> numbers = execution_.addresses();
    for (Address& address : numbers) {
      const auto behind = std::ranges::upper_bound(segments, address, {}, &SegmentSnapshot::address);
      if (behind != segments.begin() && !counts(*std::prev(behind))) address = 0;
    }
    for (const SegmentSnapshot& segment : segments) {
      if (!counts(segment)) continue;
      numbers.push_back(segment.address);
      for (const BlockSnapshot& block : segment.blocks) {
        numbers.push_back(block.size);
        numbers.push_back(static_cast<Address>(block.state));
      }
    }
    return XXH3_64bits(numbers.data(), numbers.size() * sizeof numbers[0]);
  }

  /// The small pool gets a segment only while each that it has holds a live block, so it never has more of
  /// them than live blocks at their peak. With room for so many beside the large pool, the two pools do not
  /// meet: where its blocks lie does not matter.
  [[nodiscard]] bool small_pool_certainly_fits() const {
    const AllocatorSettings& settings = options_.settings;
    const bool meet_if_refused_only = settings.backend == Backend::native && !settings.expandable_segments &&
                                      settings.garbage_collection_threshold == 0 &&
                                      settings.memory_fraction == 1;
    const Statistics& statistics = allocator_.statistics();
    const auto most = [](const Stat& stat) { return static_cast<std::size_t>(stat.peak); };
    return meet_if_refused_only && statistics.num_alloc_retries == 0 &&
           used_before_ + most(statistics.reserved_bytes.large_pool) +
                   most(statistics.allocation.small_pool) * kSmallSegment <=
               device_.memory().info().total;
  }

  void finish_hash() {
    for (const Parameter& p : program().parameters) add_to_hash(p.weight);
    result_.result_hash = hash_.value();
  }

  void phase_ended(std::int64_t step, Phase phase) {
    if (execution_.ledger().peak() > peak_) {
      peak_ = execution_.ledger().peak();
      result_.phase = phase;
      result_.phase_step = step;
    }
    if (!device_.computes() || step > options_.least_steps || step == 0) return;
    if (phase == Phase::loss) add_loss();
    if (phase == Phase::backward && step == options_.least_steps) {
      for (const Parameter& p : program().parameters) {
        if (execution_.address(p.gradient) != 0)
          add_to_hash(p.gradient);  // masters' come with the last batch
      }
    }
  }

  void add_loss() {
    result_.loss =
        read_scalar(device_, execution_.address(program().loss), program().type(program().loss).dtype);
    add_to_hash(program().loss);
  }

  void add_to_hash(BufferId id) { hash_.add(device_, execution_.address(id), program().type(id).bytes()); }

  void ran_out(const OutOfMemory& refused) {
    result_.outcome = Outcome::oom;
    result_.phase = execution_.current_phase();
    result_.phase_step = execution_.current_step();
    result_.by_category = by_category(execution_.ledger().live());
    result_.refused_bytes = refused.requested;
    result_.message = refused.message();
    result_.verdict = diagnose(refused, used_before_);
  }

  void note_levels() {
    result_.peak = peak_levels(allocator_.statistics(), used_before_);
    result_.alloc_retries = retries();
    const auto segments = static_cast<std::size_t>(allocator_.statistics().reserved_bytes.all.current);
    const std::size_t used = device_.memory().info().used;
    result_.overhead_bytes = used - std::min(used, segments);
  }

  [[nodiscard]] std::int64_t retries() const { return allocator_.statistics().num_alloc_retries; }

  static BytesByCategory by_category(const Ledger::ByTag& tags) {
    BytesByCategory bytes{};
    std::copy_n(tags.begin(), bytes.size(), bytes.begin());
    return bytes;
  }

  Device& device_;
  Allocator& allocator_;
  const Schedule& schedule_;
  const TrialOptions& options_;
  Recorder* recorder_;
  std::size_t used_before_;
  Execution execution_;
  TrialResult result_;
  ResultHash hash_;
  std::size_t peak_ = 0;
  bool flushed_in_last_step_ = false;
  std::set<std::uint64_t> layouts_;  // after each step
  bool settled_ = false;             // one of them came again: so will all that followed it
  std::vector<double> seconds_;      // of the steps behind the first `least_steps`
};

TrialResult run_on_fresh_allocator(Device& device, SegmentSource& memory, const Schedule& schedule,
                                   const TrialOptions& options) {
  if (!options.snapshot) {
    const auto allocator = make_allocator(memory, options.settings, options.release);
    return Trial(device, *allocator, schedule, options, nullptr).run();
  }
  Recorder recorder([&device] { return device.now(); });
  RecordedSource source(memory, recorder);
  const auto allocator = make_allocator(source, options.settings, options.release);
  RecordedAllocator recorded(*allocator, recorder);
  return Trial(device, recorded, schedule, options, &recorder).run();
}

}  // namespace

std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

Outcome outcome_of(std::string_view name) {
  const auto found = std::find(kOutcomes.begin(), kOutcomes.end(), name);
  if (found == kOutcomes.end()) throw std::invalid_argument(fmt::format("there is no outcome '{}'", name));
  return static_cast<Outcome>(found - kOutcomes.begin());
}

TrialResult run_steps(Device& device, Allocator& allocator, const Schedule& schedule,
                      const TrialOptions& options) {
  return Trial(device, allocator, schedule, options, nullptr).run();
}

TrialResult run_trial(Device& device, SegmentSource& memory, const Schedule& schedule,
                      const TrialOptions& options) {
  const std::size_t before = memory.held();
  TrialResult result = run_on_fresh_allocator(device, memory, schedule, options);
  const std::size_t after = memory.held();
  if (after != before && result.outcome != Outcome::error) {
    result.outcome = Outcome::error;
    result.message = fmt::format("{} of device memory were in use before the trial and {} after it",
                                 format_bytes(before), format_bytes(after));
  }
  return result;
}

}  // namespace memsweep
