#include "scenarios/precision.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

using Holder = Precision::Holder;

/// A field of ScalerOptions, and which numbers it takes.
struct ScalerField {
  std::string_view name;
  double ScalerOptions::*member;
  std::string_view rule;
  bool (*holds)(double value);
};

constexpr std::array kScalerFields{
    ScalerField{"init_scale", &ScalerOptions::init_scale, "a number above 0 that f32 holds",
                [](double v) { return v > 0 && std::isfinite(static_cast<float>(v)); }},
    ScalerField{"growth_factor", &ScalerOptions::growth_factor, "a number above 1",
                [](double v) { return v > 1; }},
    ScalerField{"backoff_factor", &ScalerOptions::backoff_factor, "a number above 0 and below 1",
                [](double v) { return v > 0 && v < 1; }},
    ScalerField{"growth_interval", &ScalerOptions::growth_interval, "a whole number from 1 to 16777216",
                [](double v) { return v >= 1 && v <= 1 << 24 && v == std::floor(v); }},
};

void set_field(ScalerOptions& options, std::string_view item) {
  const auto equals = item.find('=');
  const auto name = item.substr(0, equals);
  std::vector<std::string_view> known;
  for (const ScalerField& field : kScalerFields) {
    known.push_back(field.name);
    if (field.name != name) continue;
    const auto text = equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    const auto value = parse_number<double>(text);
    if (!value || !std::isfinite(*value) || !field.holds(*value)) {
      throw UsageError(fmt::format("GradScaler's {} needs {}, not '{}'", name, field.rule, text));
    }
    options.*field.member = *value;
    return;
  }
  throw UsageError(unknown("option of GradScaler", name, known));
}

/// "init_scale=1024,growth_interval=100", or "default".
ScalerOptions parse_scaler(std::string_view text) {
  ScalerOptions options;
  if (text == "default") return options;
  for (;;) {
    const auto comma = text.find(',');
    set_field(options, text.substr(0, comma));
    if (comma == std::string_view::npos) return options;
    text.remove_prefix(comma + 1);
  }
}

const Precision& find_precision(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Precision& row : precisions()) {
    if (row.name == name) return row;
    known.push_back(row.name);
  }
  throw UsageError(unknown("precision", name, known));
}

void refuse_contradictions(const Precision& row, const PrecisionOptions& o) {
  if (!o.cast_cache && row.holder != Holder::autocast) {
    throw UsageError(fmt::format(
        "there is no cast cache to switch off in {}; autocast-bf16 and autocast-fp16 have one", row.name));
  }
  if (o.wide_loss && row.holder == Holder::f32) {
    throw UsageError(fmt::format("the loss is f32 in {} already", row.name));
  }
  if (o.scaler.empty()) return;
  if (row.type != DType::f16) {
    throw UsageError(
        fmt::format("GradScaler rescues small fp16 gradients; {} has none, "
                    "autocast-fp16 and master-fp16 do",
                    row.name));
  }
  if (row.holder == Holder::whole) {
    throw UsageError(
        "GradScaler refuses to unscale fp16 gradients; use it with autocast-fp16 or master-fp16");
  }
}

}  // namespace

std::span<const Precision> precisions() {
  static constexpr std::array kPrecisions{
      Precision{"fp32", "everything in f32"},
      Precision{"tf32", "f32, products of operands rounded to 10 bits of fraction", Holder::f32, DType::f32,
                true},
      Precision{"bf16", "weights, state and arithmetic in bf16", Holder::whole, DType::bf16},
      Precision{"fp16", "weights, state and arithmetic in fp16", Holder::whole, DType::f16},
      Precision{"master-bf16", "bf16, with f32 masters of the weights for the optimizer", Holder::masters,
                DType::bf16},
      Precision{"master-fp16", "fp16, with f32 masters of the weights for the optimizer", Holder::masters,
                DType::f16},
      Precision{"autocast-bf16", "f32 weights, products in bf16 under torch.autocast", Holder::autocast,
                DType::bf16},
      Precision{"autocast-fp16", "f32 weights, products in fp16 under torch.autocast", Holder::autocast,
                DType::f16},
  };
  return kPrecisions;
}

Program ChosenPrecision::operator()(Program forward) const {
  const CastOptions options{row->type, cast_cache, wide_loss, lists};
  forward.tf32 = row->tf32;
  switch (row->holder) {
    case Holder::f32: return forward;
    case Holder::whole:
    case Holder::masters: return in_type(std::move(forward), options);
    case Holder::autocast: return autocast(std::move(forward), options);
  }
  return forward;
}

ChosenPrecision parse_precision(const PrecisionOptions& options) {
  const Precision& row = find_precision(options.name);
  refuse_contradictions(row, options);
  ChosenPrecision chosen{&row, options.cast_cache, options.wide_loss};
  if (!options.scaler.empty()) chosen.scaler = parse_scaler(options.scaler);
  return chosen;
}

}  // namespace memsweep
