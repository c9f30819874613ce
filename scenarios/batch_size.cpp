// The user's own configuration and nothing else: what stands whatever the batch, what a sample takes, and the
// largest batch.
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {

std::vector<Variant> batch_size(const TrainingOptions& options) { return {variant_of("as it is", options)}; }

}  // namespace memsweep
