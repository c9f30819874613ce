// "Turn on AMP": the same model in narrower types, purely and under autocast. Autocast keeps a 16-bit copy of
// each weight beside the weight, so that it can cost memory where weights outweigh activations.
#include <string>
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> mixed_precision(const TrainingOptions& options) {
  std::vector<Variant> variants;
  const auto add = [&](std::string label, const PrecisionOptions& precision) {
    TrainingOptions other = options;
    other.precision = precision;
    other.precision.wide_loss = options.precision.wide_loss;
    variants.push_back(variant_of(std::move(label), other));
  };
  for (const char* name : {"fp32", "tf32", "autocast-bf16"}) add(name, {.name = name});
  add("autocast-bf16, no cache", {.name = "autocast-bf16", .cast_cache = false});
  add("autocast-fp16, scaler", {.name = "autocast-fp16", .scaler = "default"});
  for (const char* name : {"master-bf16", "bf16", "fp16"}) add(name, {.name = name});
  return variants;
}

}  // namespace memsweep
