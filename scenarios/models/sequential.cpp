#include "scenarios/models/sequential.h"

#include "scenarios/models/mlp.h"

namespace memsweep {

ForwardPass parse_sequential(std::string_view shape, const ModelOptions& options) {
  return layers(shape, options, Blocks::flat);
}

}  // namespace memsweep
