// What each optimizer allocates and frees when it is built, in the first step and in later ones, against what
// torch.optim's Python code does (optimizer_transients.txt, made by record_transients.py).

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/program/schedule.h"
#include "scenarios/training_step.h"

namespace memsweep {
namespace {

/// The optimizer's "+bytes" and "-bytes", those of buffers that die between two births sorted.
std::string births_and_deaths(const Program& program, const std::vector<ScheduledInstr>& list) {
  std::vector<std::size_t> freed;
  std::string text;
  const auto write = [&text](char sign, std::size_t bytes) {
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", sign, bytes);
  };
  const auto write_freed = [&] {
    std::sort(freed.begin(), freed.end());
    for (const std::size_t bytes : freed) write('-', bytes);
    freed.clear();
  };
  for (const ScheduledInstr& each : list) {
    if (each.instr->phase != Phase::optimizer) continue;
    for (const BufferId id : each.births) {
      write_freed();
      write('+', program.type(id).bytes());
    }
    for (const BufferId id : each.deaths) freed.push_back(program.type(id).bytes());
  }
  write_freed();
  return text;
}

TEST(Transients, AreBornAndDieAsTorchOptimsAre) {
  std::ifstream recorded(std::filesystem::path(MEMSWEEP_SOURCE_DIR) /
                         "tests/scenarios/optimizer_transients.txt");
  std::size_t compared = 0;
  for (std::string line; std::getline(recorded, line); ++compared) {
    TrainingOptions options;
    options.model.spec = "mlp:7-5-3";
    options.optimizer = line.substr(0, line.find('|'));
    const Schedule schedule(parse_training_step(options)(2));
    const auto events = [&](const auto& list) {
      return std::string(1, '|').append(births_and_deaths(schedule.program, list));
    };
    std::string ours = options.optimizer + events(schedule.setup) + events(schedule.of_step(1, 1));
    const std::string second = events(schedule.of_step(2, 2)), seventh = events(schedule.of_step(7, 7));
    ours += second;
    if (seventh != second) ours += seventh;
    EXPECT_EQ(ours, line);
  }
  EXPECT_GT(compared, 100U);
}

}  // namespace
}  // namespace memsweep
