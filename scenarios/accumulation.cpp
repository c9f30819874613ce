// Gradient accumulation: a batch in micro-batches, one after the other. The batch that is compared is the
// whole one; where it does not divide, the last micro-batch is smaller.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/training_step.h"
#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> accumulation(const TrainingOptions& options) {
  std::vector<Variant> variants;
  for (int micro_batches : {1, 2, 4, 8}) {
    TrainingOptions other = options;
    other.loop.micro_batches = micro_batches;
    Variant variant =
        variant_of(micro_batches == 1 ? "whole" : fmt::format("{} micro-batches", micro_batches), other);
    variant.program = [step = parse_training_step(other)](std::int64_t batch) {
      return step.of_whole(batch);
    };
    variants.push_back(std::move(variant));
  }
  return variants;
}

}  // namespace memsweep
