#include "harness/report/row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "harness/report/loss.h"

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 3> kPurposes{"boundary", "common", "grid"};

template <std::size_t N>
std::size_t index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::invalid_argument(fmt::format("'{}' is not known", name));
  return static_cast<std::size_t>(found - names.begin());
}

Phase phase_of(std::string_view name) {
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    if (name_of(static_cast<Phase>(i)) == name) return static_cast<Phase>(i);
  }
  throw std::invalid_argument(fmt::format("there is no phase '{}'", name));
}

template <auto Member>
auto text(std::string_view name, std::string_view meaning) {
  return column<Member>(name, "", meaning);
}

template <auto Member>
auto result(std::string_view name, std::string_view unit, std::string_view meaning) {
  return column<&Row::result, Member>(name, unit, meaning);
}

template <auto Level>
auto peak(std::string_view name, std::string_view meaning) {
  return column<&Row::result, &TrialResult::peak, Level>(name, "bytes", meaning);
}

template <auto Member>
auto step_seconds(std::string_view name, std::string_view unit, std::string_view meaning) {
  return column<&Row::result, &TrialResult::step_seconds, Member>(name, unit, meaning);
}

template <Category Which>
Column<Row> category(std::string_view name, std::string_view meaning) {
  constexpr auto kIndex = static_cast<std::size_t>(Which);
  return {name, "bytes", meaning, [](const Row& row) { return to_field(row.result.by_category[kIndex]); },
          [](Row& row, std::string_view value) { from_field(value, row.result.by_category[kIndex]); }};
}

std::vector<Column<Row>> make_columns() {
  return {
      text<&Row::scenario>("scenario", "name of the scenario"),
      text<&Row::variant>("variant", "what the scenario varies, here its policy"),
      text<&Row::model>("model", "model, widths and options"),
      text<&Row::precision>("precision",
                            "type of the weights and of the arithmetic, with the options of `--precision`"),
      text<&Row::optimizer>("optimizer", "optimizer and its options"),
      text<&Row::device>("device", "cpu, or sim:PROFILE for a simulated device"),
      column<&Row::batch>("batch", "samples", "size of the batch"),
      {"purpose", "",
       "boundary: a probe for the largest batch; common: at a batch that fits under every variant; "
       "grid: at a batch that was asked for",
       [](const Row& r) { return std::string(kPurposes[static_cast<std::size_t>(r.purpose)]); },
       [](Row& r, std::string_view v) { r.purpose = static_cast<Purpose>(index_of(kPurposes, v)); }},
      result<&TrialResult::outcome>("outcome", "", "ok, oom (memory ran out) or error"),
      {"phase", "", "phase of a step in which the peak stood; for an oom, in which memory ran out",
       [](const Row& r) { return std::string(name_of(r.result.phase)); },
       [](Row& r, std::string_view v) { r.result.phase = phase_of(v); }},
      result<&TrialResult::phase_step>("phase_step", "steps",
                                       "the step of that phase, from 1; 0 is the set-up"),
      result<&TrialResult::steps>(
          "steps", "steps",
          "steps that were finished before the outcome was certain, timed ones not counted"),
      peak<&Levels::requested>("peak_requested_bytes", "peak of what the program asked for"),
      peak<&Levels::allocated>("peak_allocated_bytes",
                               "peak of the blocks that were handed out, rounding included"),
      peak<&Levels::reserved>("peak_reserved_bytes", "peak of the segments that the allocator holds"),
      peak<&Levels::device>("device_peak_bytes",
                            "peak of what is taken from the device, context and others included"),
      result<&TrialResult::overhead_bytes>("overhead_bytes", "bytes",
                                           "of what is taken from the device, what lies beside the segments: "
                                           "the context, what libraries keep, and others"),
      category<Category::weight>("weights_bytes",
                                 "of the allocated peak (for an oom: when memory ran out): parameters"),
      category<Category::gradient>("gradients_bytes", "gradients of parameters"),
      category<Category::optimizer_state>("optimizer_state_bytes", "state of the optimizer"),
      category<Category::activation>("activations_bytes",
                                     "values that the forward pass keeps, or makes again"),
      category<Category::input>("inputs_bytes", "batches: inputs and targets"),
      category<Category::workspace>("workspace_bytes", "borrowed by libraries and reductions"),
      category<Category::temporary>("temporaries_bytes",
                                    "gradients of activations, transients of the optimizer"),
      result<&TrialResult::refused_bytes>("refused_bytes", "bytes",
                                          "the request that was refused; 0 if none was"),
      step_seconds<&Spread::median>("step_seconds_median", "s",
                                    "time of a step; modelled on sim; 0 where none was taken"),
      step_seconds<&Spread::iqr>("step_seconds_iqr", "s", "its interquartile range"),
      step_seconds<&Spread::samples>("step_samples", "steps", "how many steps were timed"),
      result<&TrialResult::throttled_samples>(
          "throttled_samples", "steps",
          "timed steps that were thrown away, since the GPU had slowed itself down"),
      {"noisy", "", "1 where the median is not known to 2 %",
       [](const Row& r) { return std::string(r.result.noisy ? "1" : "0"); },
       [](Row& r, std::string_view v) { r.result.noisy = number_in<int>(v) != 0; }},
      {"samples_per_second", "1/s", "batch / step_seconds_median",
       [](const Row& r) { return fmt::format("{:.6g}", r.samples_per_second()); }, nullptr},
      result<&TrialResult::alloc_retries>("alloc_retries", "",
                                          "requests that succeeded or failed only after cached memory "
                                          "was given back to the device"),
      result<&TrialResult::verdict>(
          "verdict", "",
          "fits; flushing: it runs, but gives cached memory back in every step; or why memory ran out: "
          "capacity, fragmentation, foreign, limit"),
      {"loss", "", "loss of the last of the first `--steps` steps; empty on sim",
       [](const Row& r) { return r.result.loss ? loss_text(*r.result.loss) : ""; },
       [](Row& r, std::string_view v) {
         r.result.loss = v.empty() ? std::nullopt : std::optional(number_in<float>(v));
       }},
      {"result_hash", "",
       "hash of the losses of the first `--steps` steps, the last one's gradients and the weights after it; "
       "empty on sim",
       [](const Row& r) { return r.result.result_hash ? fmt::format("{:016x}", *r.result.result_hash) : ""; },
       [](Row& r, std::string_view v) {
         r.result.result_hash = std::nullopt;
         if (v.empty()) return;
         std::uint64_t hash = 0;
         const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), hash, 16);
         if (error != std::errc{} || end != v.data() + v.size())
           throw std::invalid_argument("malformed hash");
         r.result.result_hash = hash;
       }},
      result<&TrialResult::message>("message", "", "PyTorch's own words for an oom; the reason of an error"),
  };
}

}  // namespace

double Row::samples_per_second() const {
  return result.step_seconds.median > 0 ? static_cast<double>(batch) / result.step_seconds.median : 0;
}

const Row* find_row(std::span<const Row> rows, std::string_view scenario, std::string_view variant,
                    std::int64_t batch) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.scenario == scenario && row.variant == variant && row.batch == batch;
  });
  return found == rows.end() ? nullptr : &*found;
}

template <>
std::span<const Column<Row>> columns<Row>() {
  static const auto table = make_columns();
  return table;
}

}  // namespace memsweep
