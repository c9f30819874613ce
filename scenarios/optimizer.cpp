#include "scenarios/optimizer.h"

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/optimizers/script.h"

// Each word is a file in optimizers/ and the function in it that returns its rows.
#define MEMSWEEP_OPTIMIZERS(word)                                                                       \
  word(sgd) word(adam) word(adagrad) word(rmsprop) word(adafactor) word(nadam) word(adamax) word(radam) \
      word(adadelta) word(lion) word(adam8bit)

namespace memsweep {

namespace optimizers_in {
#define MEMSWEEP_DECLARE(name) std::vector<Optimizer> name();
MEMSWEEP_OPTIMIZERS(MEMSWEEP_DECLARE)
#undef MEMSWEEP_DECLARE
}  // namespace optimizers_in

std::span<const Optimizer> optimizers() {
  static const std::vector<Optimizer> all = [] {
    std::vector<Optimizer> list;
#define MEMSWEEP_APPEND(name) \
  for (Optimizer & row : optimizers_in::name()) list.push_back(std::move(row));
    MEMSWEEP_OPTIMIZERS(MEMSWEEP_APPEND)
#undef MEMSWEEP_APPEND
    return list;
  }();
  return all;
}

/// Building the optimizer is a phase of the set-up, whether it makes anything or not.
void ChosenOptimizer::append(Program& program) const {
  program.setup.push_back({.op = Op::release, .phase = Phase::optimizer});
  Script script(program);
  row->write(script, options);
}

ChosenOptimizer parse_optimizer(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  std::vector<std::string_view> known;
  for (const Optimizer& row : optimizers()) {
    known.push_back(row.name);
    if (row.name != name) continue;
    ChosenOptimizer chosen{&row, {row.options, row.implementations}};
    if (colon != std::string_view::npos) chosen.options.read(row.name, text.substr(colon + 1));
    const std::string refusal = row.refusal == nullptr ? "" : row.refusal(chosen.options);
    if (!refusal.empty()) throw UsageError(refusal);
    return chosen;
  }
  throw UsageError(unknown("optimizer", name, known));
}

}  // namespace memsweep
