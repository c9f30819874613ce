// When each buffer of a program is born and when it dies.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

struct ScheduledInstr {
  const Instr* instr;                // of Schedule::program
  std::span<const BufferId> births;  // to be allocated before it runs, in this order
  /// To be freed after it has run, in this order: a function's results that nobody wants, then its arguments.
  std::span<const BufferId> deaths;
};

/// A step has several lists since the first one differs, in which optimizer state is born, and where the
/// program has a turn, those from there on.
struct Schedule {
  explicit Schedule(Program program);
  Schedule(Schedule&&) = default;
  Schedule& operator=(Schedule&&) = default;

  Program program;
  std::vector<ScheduledInstr> setup;
  std::vector<ScheduledInstr> first_step;
  std::vector<ScheduledInstr> first_update;  // a later step that is the first to update the weights; empty
                                             // where no step is skipped
  std::vector<ScheduledInstr> later_steps;
  std::vector<ScheduledInstr> turned_steps;  // empty without a turn

  /// What runs in a step that makes that update of the weights; both count from 1, and are the same where no
  /// step is skipped.
  [[nodiscard]] const std::vector<ScheduledInstr>& of_step(std::int64_t number, std::int64_t update) const;

 private:
  std::vector<std::vector<BufferId>> ids_;  // what is born and dies, in one piece for each list
};

}  // namespace memsweep
