#include "scenarios/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/models/conv.h"
#include "scenarios/models/gpt.h"
#include "scenarios/models/mlp.h"
#include "scenarios/models/resnet.h"
#include "scenarios/models/sequential.h"

namespace memsweep {
namespace {

constexpr std::array kModels{
    Model{"mlp", "mlp:IN-HIDDEN-...-CLASSES",
          "linear layers with an activation between; 256x24 repeats a width", "relu", parse_mlp},
    Model{"sequential", "sequential:IN-HIDDEN-...-CLASSES",
          "the same in one flat nn.Sequential, whose values die one layer earlier", "relu", parse_sequential},
    Model{"gpt", "gpt:layers=12,width=768,heads=12,context=1024,vocab=50257,attention=unfused,tied=true",
          "transformer; attention unfused, math, efficient or flash; length=N trains on shorter sequences",
          "gelu", parse_gpt},
    Model{
        "conv", "conv:channels=3-64-128,classes=10,size=32,momentum=0.1",
        "3x3 convolution, batch norm, activation and pooling for each pair of channels, then a linear layer",
        "relu", parse_conv},
    Model{"resnet",
          "resnet:blocks=2-2-2-2,kind=basic,width=64,stem=imagenet,classes=1000,size=224,momentum=0.1",
          "torchvision's residual nets; kind basic or bottleneck, stem imagenet or cifar", "relu_inplace",
          parse_resnet},
};

constexpr std::array kPresets{
    Preset{"mlp", "mlp:128-128x32-10"},
    Preset{"mlp-deep", "mlp:256-256x128-10"},
    Preset{"gpt2-small", "gpt:layers=12,width=768,heads=12,context=1024,vocab=50257"},
    Preset{"gpt-tiny", "gpt:layers=2,width=128,heads=4,context=64,vocab=512,tied=false"},
    Preset{"conv-tiny", "conv:channels=3-16-32,classes=10,size=32"},
    Preset{"resnet18", "resnet:blocks=2-2-2-2"},
    Preset{"resnet34", "resnet:blocks=3-4-6-3"},
    Preset{"resnet50", "resnet:blocks=3-4-6-3,kind=bottleneck"},
    Preset{"resnet-tiny", "resnet:blocks=1-1,width=16,stem=cifar,classes=10,size=32"},
};

struct Chosen {
  const Model& model;
  std::string_view shape;
};

std::string_view without_preset(std::string_view spec) {
  const auto preset = std::find_if(kPresets.begin(), kPresets.end(),
                                   [spec](const Preset& each) { return each.name == spec; });
  return preset == kPresets.end() ? spec : preset->spec;
}

Chosen choose(std::string_view given) {
  const std::string_view spec = without_preset(given), name = spec.substr(0, spec.find(':'));
  std::vector<std::string_view> known;
  for (const Model& model : kModels) {
    known.push_back(model.name);
    if (model.name != name) continue;
    if (name.size() == spec.size()) {
      throw UsageError(fmt::format("model '{}' lacks its shape; write {}", spec, model.syntax));
    }
    return {model, spec.substr(name.size() + 1)};
  }
  for (const Preset& preset : kPresets) {
    if (std::find(known.begin(), known.end(), preset.name) == known.end()) known.push_back(preset.name);
  }
  throw UsageError(unknown("model", name, known));
}

}  // namespace

std::span<const Model> models() { return kModels; }

std::span<const Preset> presets() { return kPresets; }

std::string activation_name(const ModelOptions& options) {
  return options.activation.empty() ? std::string(choose(options.spec).model.activation) : options.activation;
}

ForwardPass parse_model(const ModelOptions& options) {
  const Chosen chosen = choose(options.spec);
  ModelOptions complete = options;
  complete.activation = activation_name(options);
  return chosen.model.parse(chosen.shape, complete);
}

}  // namespace memsweep
