#include "scenarios/model.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/models/mlp.h"
#include "scenarios/models/sequential.h"

namespace memsweep {

std::span<const Model> models() {
  static constexpr std::array kModels{
      Model{"mlp", "mlp:IN-HIDDEN-...-CLASSES",
            "linear layers with an activation between; 256x24 repeats a width", parse_mlp},
      Model{"sequential", "sequential:IN-HIDDEN-...-CLASSES",
            "the same in one flat nn.Sequential, whose values die one layer earlier", parse_sequential},
  };
  return kModels;
}

ForwardPass parse_model(const ModelOptions& options) {
  const std::string_view spec = options.spec;
  const auto colon = spec.find(':');
  std::vector<std::string_view> known;
  for (const Model& model : models()) {
    known.push_back(model.name);
    if (model.name != spec.substr(0, colon)) continue;
    if (colon == std::string_view::npos) {
      throw UsageError(fmt::format("model '{}' lacks its shape; write {}", spec, model.syntax));
    }
    return model.parse(spec.substr(colon + 1), options);
  }
  throw UsageError(unknown("model", spec.substr(0, colon), known));
}

}  // namespace memsweep
