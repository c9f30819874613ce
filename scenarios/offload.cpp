// Activations in host memory instead of recomputation: both give memory for time, one over the link, one in
// arithmetic.
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> offload(const TrainingOptions& options) {
  TrainingOptions kept = without_recomputation(options);
  kept.loop.offload = false;
  TrainingOptions moved = kept, again = kept;
  moved.loop.offload = true;
  again.recompute = {"sqrt"};
  return {variant_of("none", kept), variant_of("offload", moved), variant_of("recompute sqrt", again)};
}

}  // namespace memsweep
