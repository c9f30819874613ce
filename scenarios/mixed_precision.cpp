// "Turn on AMP": the same model in narrower types, purely and under autocast. Autocast keeps a 16-bit copy of
// each weight beside the weight, so that it can cost memory where weights outweigh activations.
#include <string>
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> mixed_precision(const TrainingOptions& options) {
  std::vector<Variant> variants;
  const auto add = [&](std::string label, const auto& change) {
    TrainingOptions other = options;
    change(other);
    variants.push_back(variant_of(std::move(label), other));
  };
  for (const char* precision : {"fp32", "tf32", "autocast-bf16"}) {
    add(precision, [&](TrainingOptions& o) { o.precision.name = precision; });
  }
  add("autocast-bf16, no cache", [](TrainingOptions& o) {
    o.precision.name = "autocast-bf16";
    o.precision.cast_cache = false;
  });
  add("autocast-fp16, scaler", [](TrainingOptions& o) {
    o.precision.name = "autocast-fp16";
    o.precision.scaler = "default";
  });
  for (const char* precision : {"master-bf16", "bf16", "fp16"}) {
    add(precision, [&](TrainingOptions& o) { o.precision.name = precision; });
  }
  return variants;
}

}  // namespace memsweep
