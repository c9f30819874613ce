// When each buffer of a program is born and when it dies.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/program/program.h"

namespace memsweep {

struct ScheduledInstr {
  const Instr* instr;            // of Schedule::program
  std::vector<BufferId> births;  // to be allocated before it runs, in this order
  std::vector<BufferId> deaths;  // to be freed after it has run, in this order
};

/// There are several lists of a step since the first one differs, in which optimizer state is born, and where
/// the program has a turn, those from there on.
struct Schedule {
  explicit Schedule(Program program);
  Schedule(Schedule&&) = default;
  Schedule& operator=(Schedule&&) = default;

  Program program;
  std::vector<ScheduledInstr> setup;
  std::vector<ScheduledInstr> first_step;
  std::vector<ScheduledInstr> later_steps;
  std::vector<ScheduledInstr> turned_steps;  // empty without a turn

  /// What runs in a step; they count from 1.
  [[nodiscard]] const std::vector<ScheduledInstr>& of_step(std::int64_t number) const;
};

}  // namespace memsweep
