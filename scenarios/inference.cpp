// Evaluation with and without torch.no_grad(): a forgotten graph holds every activation until the next loss
// takes its place.
#include <string>
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> inference(const TrainingOptions& options) {
  std::vector<Variant> variants;
  for (Mode mode : {Mode::eval_grad, Mode::no_grad, Mode::inference_mode}) {
    const TrainingOptions other = without_training(options, mode);
    variants.push_back(
        variant_of(mode == Mode::eval_grad ? "forgotten graph" : std::string(name_of(mode)), other));
  }
  return variants;
}

}  // namespace memsweep
