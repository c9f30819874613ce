#include "harness/report/row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "harness/report/field.h"

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

// Columns of plain fields: a pointer to the member says it all.

template <auto Member>
Column text(std::string_view name, std::string_view meaning) {
  return {name, "", meaning, [](const Row& row) { return row.*Member; },
          [](Row& row, std::string_view value) { row.*Member = value; }};
}

template <auto Member>
Column count(std::string_view name, std::string_view unit, std::string_view meaning) {
  return {name, unit, meaning, [](const Row& row) { return fmt::format("{}", row.result.*Member); },
          [](Row& row, std::string_view value) {
            using Number = std::remove_reference_t<decltype(row.result.*Member)>;
            row.result.*Member = number_in<Number>(value);
          }};
}

template <auto Member>
Column level(std::string_view name, std::string_view meaning) {
  return {name, "bytes", meaning, [](const Row& row) { return fmt::format("{}", row.result.peak.*Member); },
          [](Row& row, std::string_view value) { row.result.peak.*Member = number_in<std::size_t>(value); }};
}

template <Category Which>
Column category(std::string_view name, std::string_view meaning) {
  constexpr auto kIndex = static_cast<std::size_t>(Which);
  return {name, "bytes", meaning,
          [](const Row& row) { return fmt::format("{}", row.result.by_category[kIndex]); },
          [](Row& row, std::string_view value) {
            row.result.by_category[kIndex] = number_in<std::size_t>(value);
          }};
}

/// Seconds to nanoseconds' precision: finer digits are no measurement.
std::string seconds(double value) { return fmt::format("{:.9f}", value); }

std::vector<Column> make_columns() {
  return {
      text<&Row::scenario>("scenario", "name of the scenario"),
      text<&Row::variant>("variant", "what the scenario varies, here its policy"),
      text<&Row::model>("model", "model, widths and options"),
      text<&Row::precision>("precision", "type of the weights and of the arithmetic"),
      text<&Row::optimizer>("optimizer", "optimizer and its options"),
      text<&Row::device>("device", "cpu, or sim:PROFILE for a simulated device"),
      {"batch", "samples", "size of the batch", [](const Row& r) { return fmt::format("{}", r.batch); },
       [](Row& r, std::string_view v) { r.batch = number_in<std::int64_t>(v); }},
      {"purpose", "",
       "boundary: a probe for the largest batch; common: at a batch that fits under every variant; "
       "grid: at a batch that was asked for",
       [](const Row& r) { return std::string(kPurposes[static_cast<std::size_t>(r.purpose)]); },
       [](Row& r, std::string_view v) { r.purpose = static_cast<Purpose>(index_of(kPurposes, v)); }},
      {"outcome", "", "ok, oom (memory ran out) or error",
       [](const Row& r) { return std::string(name_of(r.result.outcome)); },
       [](Row& r, std::string_view v) { r.result.outcome = outcome_of(v); }},
      {"phase", "", "phase of a step in which the peak stood; for an oom, in which memory ran out",
       [](const Row& r) { return std::string(name_of(r.result.phase)); },
       [](Row& r, std::string_view v) { r.result.phase = phase_of(v); }},
      count<&TrialResult::phase_step>("phase_step", "steps",
                                      "the step of that phase, from 1; 0 is the set-up"),
      count<&TrialResult::steps>(
          "steps", "steps",
          "steps that were finished before the outcome was certain, timed ones not counted"),
      level<&Levels::requested>("peak_requested_bytes", "peak of what the program asked for"),
      level<&Levels::allocated>("peak_allocated_bytes",
                                "peak of the blocks that were handed out, rounding included"),
      level<&Levels::reserved>("peak_reserved_bytes", "peak of the segments that the allocator holds"),
      level<&Levels::device>("device_peak_bytes",
                             "peak of what is taken from the device, context and others included"),
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
      count<&TrialResult::refused_bytes>("refused_bytes", "bytes",
                                         "the request that was refused; 0 if none was"),
      {"step_seconds_median", "s", "time of a step; modelled on sim; 0 where none was taken",
       [](const Row& r) { return seconds(r.result.step_seconds.median); },
       [](Row& r, std::string_view v) { r.result.step_seconds.median = number_in<double>(v); }},
      {"step_seconds_iqr", "s", "its interquartile range",
       [](const Row& r) { return seconds(r.result.step_seconds.iqr); },
       [](Row& r, std::string_view v) { r.result.step_seconds.iqr = number_in<double>(v); }},
      {"step_samples", "steps", "how many steps were timed",
       [](const Row& r) { return fmt::format("{}", r.result.step_seconds.samples); },
       [](Row& r, std::string_view v) { r.result.step_seconds.samples = number_in<std::size_t>(v); }},
      {"noisy", "", "1 where the median is not known to 2 %",
       [](const Row& r) { return std::string(r.result.noisy ? "1" : "0"); },
       [](Row& r, std::string_view v) { r.result.noisy = number_in<int>(v) != 0; }},
      {"samples_per_second", "1/s", "batch / step_seconds_median",
       [](const Row& r) { return fmt::format("{:.6g}", r.samples_per_second()); }, nullptr},
      count<&TrialResult::alloc_retries>("alloc_retries", "",
                                         "requests that succeeded or failed only after cached memory "
                                         "was given back to the device"),
      {"verdict", "",
       "fits; flushing: it runs, but gives cached memory back in every step; or why memory ran out: "
       "capacity, fragmentation, foreign, limit",
       [](const Row& r) { return std::string(name_of(r.result.verdict)); },
       [](Row& r, std::string_view v) { r.result.verdict = verdict_of(v); }},
      {"loss", "", "loss of the last of the first `--steps` steps; empty on sim",
       [](const Row& r) { return r.result.loss ? fmt::format("{:.9g}", *r.result.loss) : ""; },
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
      {"message", "", "PyTorch's own words for an oom; the reason of an error",
       [](const Row& r) { return r.result.message; },
       [](Row& r, std::string_view v) { r.result.message = v; }},
  };
}

}  // namespace

double Row::samples_per_second() const {
  return result.step_seconds.median > 0 ? static_cast<double>(batch) / result.step_seconds.median : 0;
}

std::span<const Column> columns() {
  static const auto table = make_columns();
  return table;
}

}  // namespace memsweep
