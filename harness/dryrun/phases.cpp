#include "harness/dryrun/phases.h"

#include <iterator>

namespace memsweep {
namespace {

Usage largest(const Usage& a, const Usage& b) {
  return {std::max(a.requested, b.requested), std::max(a.allocated, b.allocated),
          std::max(a.reserved, b.reserved)};
}

/// The phases of one step, a row each, in the order in which they began.
using Step = std::vector<PhaseUsage>;

bool is_like(const Step& a, const Step& b) {
  return std::ranges::equal(
      a, b, [](const PhaseUsage& x, const PhaseUsage& y) { return x.phase == y.phase && x.peak == y.peak; });
}

bool is_within(const Usage& a, const Usage& b) { return largest(a, b) == b; }

/// What lies between two phases begins where the first one ended; only more than that is worth a row.
void drop_uneventful(Step& step) {
  for (std::size_t i = 1; i < step.size(); ++i) {
    if (step[i].phase == "between" && is_within(step[i].peak, step[i - 1].peak)) {
      step.erase(step.begin() + static_cast<std::ptrdiff_t>(i--));
    }
  }
}

void note(Step& step, const PhaseUsage& row) {
  const auto known = std::ranges::find(step, row.phase, &PhaseUsage::phase);
  if (known == step.end()) {
    step.push_back(row);
  } else {
    known->peak = largest(known->peak, row.peak);
  }
}

}  // namespace

PhaseTable::PhaseTable(const std::vector<PhaseStart>& marks, std::size_t device, const CallClock& clock) {
  phases_.push_back({0, "setup", 0});
  for (const PhaseStart& mark : marks) {
    phases_.push_back({clock.recorded(mark.calls.at(device)), mark.phase, mark.step});
  }
}

const PhaseTable::Phase& PhaseTable::at(std::size_t call) const {
  const auto next = std::ranges::lower_bound(phases_, call, {}, &Phase::begin);
  return next == phases_.begin() ? phases_.front() : *std::prev(next);
}

std::vector<PhaseUsage> PhaseTable::usage(const std::vector<Usage>& after) const {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const Phase& phase = phases_[i];
    const std::size_t end = i + 1 < phases_.size() ? phases_[i + 1].begin : after.size() - 1;
    if (end <= phase.begin) continue;  // nothing was asked for
    PhaseUsage row{phase.step, phase.step, phase.phase, {}};
    for (std::size_t call = phase.begin; call <= end; ++call) row.peak = largest(row.peak, after.at(call));
    if (steps.empty() || steps.back().front().first_step != phase.step) steps.emplace_back();
    note(steps.back(), row);
  }
  std::vector<Step> different;
  for (Step& step : steps) {
    drop_uneventful(step);
    if (!different.empty() && is_like(different.back(), step)) {
      for (PhaseUsage& row : different.back()) row.last_step = step.front().last_step;
    } else {
      different.push_back(std::move(step));
    }
  }
  std::vector<PhaseUsage> rows;
  for (const Step& step : different) rows.insert(rows.end(), step.begin(), step.end());
  return rows;
}

}  // namespace memsweep
