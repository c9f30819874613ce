// The precisions that a step can be trained in. One row each in the table of precision.cpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/program/passes/casts.h"
#include "harness/program/passes/loss_scaling.h"
#include "scenarios/scenario.h"

namespace memsweep {

struct Precision {
  enum class Holder : std::uint8_t {
    f32,       // all values are f32
    whole,     // all values are 16-bit, the optimizer's state too
    masters,   // 16-bit, and f32 masters that the optimizer updates
    autocast,  // f32, and 16-bit operands of products
  };

  std::string_view name;
  std::string_view summary;
  Holder holder = Holder::f32;
  DType type = DType::f32;
  bool tf32 = false;
};

[[nodiscard]] std::span<const Precision> precisions();

/// A precision with its options.
struct ChosenPrecision {
  const Precision* row = &precisions().front();
  bool cast_cache = true;
  bool wide_loss = false;
  std::optional<ScalerOptions> scaler{};
  AutocastLists lists = AutocastLists::cuda;

  [[nodiscard]] bool has_masters() const { return row->holder == Precision::Holder::masters; }

  /// A forward pass in this precision.
  [[nodiscard]] Program operator()(Program forward) const;
};

/// Throws UsageError with a sentence for an unknown name, for an option that the precision knows nothing of,
/// and for a scaler that PyTorch refuses or that has nothing to rescue.
[[nodiscard]] ChosenPrecision parse_precision(const PrecisionOptions& options);

}  // namespace memsweep
