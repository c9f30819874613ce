// Precision, optimizer and recomputation together: what each combination reaches, how fast, and at how many
// bytes a sample.
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> pareto(const TrainingOptions& options) {
  std::vector<Variant> variants;
  for (const char* precision : {"fp32", "autocast-bf16", "bf16"}) {
    for (const char* optimizer : {"adamw", "adamw:implementation=fused", "adam8bit", "sgd"}) {
      for (const char* policy : {"none", "sqrt", "every:1"}) {
        TrainingOptions other = options;
        other.precision = {.name = precision, .wide_loss = options.precision.wide_loss};
        other.optimizer = optimizer;
        other.recompute = {policy};
        other.reentrant = options.reentrant && std::string_view(policy) != "none";
        variants.push_back(variant_of(fmt::format("{}, {}, {}", precision, optimizer, policy), other));
      }
    }
  }
  return variants;
}

}  // namespace memsweep
