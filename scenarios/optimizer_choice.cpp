// "Use SGD instead": the same model under optimizers whose state and transient memory differ.
#include <array>
#include <string>
#include <vector>

#include "scenarios/variants.h"

namespace memsweep {
namespace {

constexpr std::array kTelling{"adamw",
                              "adamw:implementation=for-loop",
                              "adamw:implementation=fused",
                              "sgd",
                              "momentum",
                              "rmsprop",
                              "adagrad",
                              "adafactor",
                              "lion",
                              "adam8bit"};

}  // namespace

std::vector<Variant> optimizer_choice(const TrainingOptions& options) {
  std::vector<Variant> variants;
  for (const char* text : kTelling) {
    TrainingOptions other = options;
    other.optimizer = text;
    variants.push_back(variant_of(text, other));
  }
  return variants;
}

}  // namespace memsweep
