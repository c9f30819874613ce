#include "harness/report/boundary_report.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/loss.h"
#include "harness/report/speed.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

constexpr auto kActivations = static_cast<std::size_t>(Category::activation);
// What is called no gain: less than one part in a hundred.
constexpr double kGain = 1.01;
// Steps that differ by less take the same time.
constexpr double kSlower = 0.005;

/// A variant with the trials that say something of it; null where one was not made.
struct Line {
  const BoundaryRow* boundary;
  const Row* largest = nullptr;
  const Row* refused = nullptr;
  const Row* common = nullptr;

  [[nodiscard]] const std::string& name() const { return boundary->variant; }
};

const Row* find(std::span<const Row> rows, const BoundaryRow& boundary, std::int64_t batch) {
  return find_row(rows, boundary.scenario, boundary.variant, batch);
}

double ratio(double a, double b) { return b == 0 ? 0 : a / b; }

double batch_ratio(const Line& line, const Line& base) {
  return ratio(static_cast<double>(line.boundary->max_batch), static_cast<double>(base.boundary->max_batch));
}

double time_ratio(const Line& line, const Line& base) {
  if (line.common == nullptr || base.common == nullptr) return 0;
  return ratio(line.common->result.step_seconds.median, base.common->result.step_seconds.median);
}

/// Of `line` against `base` at the common batch, from -1 to 1.
double memory_saved(const Line& line, const Line& base) {
  if (line.common == nullptr || base.common == nullptr) return 0;
  return 1 - ratio(static_cast<double>(line.common->result.peak.allocated),
                   static_cast<double>(base.common->result.peak.allocated));
}

std::string count_or_dash(std::int64_t n) { return n == 0 ? "-" : fmt::format("{}", n); }

std::string bytes_or_dash(std::size_t bytes) { return bytes == 0 ? "-" : format_bytes(bytes); }

std::string times_or_dash(double factor) { return factor == 0 ? "-" : fmt::format("{:.2f}x", factor); }

std::vector<std::string> cells(const Line& line, const Line& base) {
  const auto bytes = [](const Row* row, auto what) {
    return row == nullptr ? "-" : format_bytes(what(row->result));
  };
  const auto allocated = [](const TrialResult& r) { return r.peak.allocated; };
  const auto activations = [](const TrialResult& r) { return r.by_category[kActivations]; };
  const Speed speed = speed_of(line.common);
  return {line.name(),
          count_or_dash(line.boundary->max_batch),
          times_or_dash(batch_ratio(line, base)),
          bytes_or_dash(line.boundary->fixed_bytes),
          bytes_or_dash(line.boundary->sample_bytes),
          count_or_dash(line.boundary->first_oom_batch),
          line.refused == nullptr ? "-" : std::string(name_of(line.refused->result.verdict)),
          line.refused == nullptr ? "-" : std::string(name_of(line.refused->result.phase)),
          bytes(line.common, allocated),
          bytes(line.common, activations),
          speed.step,
          speed.spread,
          times_or_dash(time_ratio(line, base)),
          speed.rate,
          fmt::format("{}/{}", line.boundary->trials, line.boundary->ooms)};
}

/// By how much a step takes longer than another's, 0.5 for half as long again; 0 where it cannot be told.
double time_change(const Line& line, const Line& other) {
  const double factor = time_ratio(line, other);
  if (factor == 0) return 0;
  const bool differ = distinguishable(line.common->result.step_seconds, other.common->result.step_seconds);
  return differ && std::abs(factor - 1) >= kSlower ? factor - 1 : 0;
}

/// Another variant that reaches further in no more time, or as far in less; null if there is none.
const Line* better_than(const Line& line, std::span<const Line> lines) {
  for (const Line& other : lines) {
    if (&other == &line || time_ratio(other, line) == 0) continue;
    const std::int64_t gained = other.boundary->max_batch - line.boundary->max_batch;
    const double slower = time_change(other, line);
    if (gained >= 0 && slower <= 0 && (gained > 0 || slower < 0)) return &other;
  }
  return nullptr;
}

std::string cost_of(const Line& line, const Line& base) {
  const double change = time_change(line, base);
  if (change == 0) return "costs no time that could be measured";
  return change > 0 ? fmt::format("costs {:.0f} % more time a step", 100 * change)
                    : fmt::format("takes {:.0f} % less time a step", -100 * change);
}

std::string memory_of(const Line& line, const Line& base) {
  const double percent = std::round(100 * memory_saved(line, base));
  if (percent == 0) return "leaves the peak as it is";
  return percent > 0 ? fmt::format("saves {} % of the peak", percent)
                     : fmt::format("takes {} % more at the peak", -percent);
}

/// What a batch of none would take, and each sample more.
std::string footprint_sentence(const BoundaryRow& row) {
  if (row.sample_bytes == 0) return "";
  return fmt::format(
      "{}: {} stand whatever the batch, and each sample takes {} more; batch {} is the largest.\n",
      row.variant, format_bytes(row.fixed_bytes), format_bytes(row.sample_bytes), row.max_batch);
}

/// What a variant takes before the first sample: it decides where batches are small.
std::string fixed_cost(const Line& line, const Line& base) {
  const std::size_t before = base.boundary->fixed_bytes, now = line.boundary->fixed_bytes;
  const auto larger = static_cast<double>(std::max(before, now)),
             smaller = static_cast<double>(std::min(before, now));
  if (before == 0 || larger < kGain * smaller) return "";
  return fmt::format(" Before the first sample it needs {} {}.",
                     format_bytes(std::max(before, now) - std::min(before, now)),
                     now > before ? "more" : "less");
}

std::string sentence(const Line& line, std::span<const Line> lines, const Line& base) {
  const std::int64_t from = base.boundary->max_batch, to = line.boundary->max_batch;
  if (to == 0) return fmt::format("{} fits no batch.\n", line.name());
  if (from == 0)
    return fmt::format("{} fits up to batch {}, where {} fits none.\n", line.name(), to, base.name());
  const double growth = batch_ratio(line, base);
  if (growth < kGain) {
    const auto batch =
        to < from ? fmt::format("shrinks from {} to {}", from, to) : std::string("does not grow");
    const double change = time_change(line, base);
    if (change == 0 && growth > 1 / kGain)
      return fmt::format("{} makes no difference to the batch or the time.{}\n", line.name(),
                         fixed_cost(line, base));
    return fmt::format("{} {}: the batch {}, {} it {}.{}\n", line.name(),
                       change < 0 ? "is faster only" : "did not pay", batch, change < 0 ? "but" : "and",
                       cost_of(line, base), fixed_cost(line, base));
  }
  auto text = fmt::format("{} lets the batch grow {:.2f}x ({} to {})", line.name(), growth, from, to);
  if (line.common != nullptr && base.common != nullptr) {
    text += fmt::format("; at batch {} it {} and {}", line.common->batch, memory_of(line, base),
                        cost_of(line, base));
  }
  text += "." + fixed_cost(line, base);
  if (const Line* other = better_than(line, lines); other != nullptr) {
    text += fmt::format(" {} reaches as far or further in no more time.", other->name());
  }
  return text + "\n";
}

std::string result_sentence(std::span<const Line> lines) {
  if (lines.size() < 2) return "";
  std::set<std::uint64_t> hashes;
  for (const Line& line : lines) {
    if (line.common == nullptr || !line.common->result.result_hash) return "";
    hashes.insert(*line.common->result.result_hash);
  }
  if (hashes.size() == 1) {
    return fmt::format(
        "Losses, gradients and weights are the same to the bit under all variants at batch {} (hash "
        "{:016x}).\n",
        lines[0].common->batch, *hashes.begin());
  }
  return fmt::format(
      "Warning: losses, gradients or weights differ between variants at batch {}; see result_hash.\n",
      lines[0].common->batch);
}

/// Where the variants were compared: the batch of the rows that were made for it.
std::int64_t compared_batch(std::span<const Row> rows, std::span<const BoundaryRow> boundaries) {
  const auto made_for_it = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.scenario == boundaries.front().scenario && row.purpose == Purpose::common;
  });
  return made_for_it == rows.end() ? common_batch(boundaries) : made_for_it->batch;
}

}  // namespace

std::int64_t common_batch(std::span<const BoundaryRow> boundaries) {
  if (boundaries.empty()) return 0;
  std::int64_t batch = boundaries.front().max_batch;
  for (const BoundaryRow& row : boundaries) {
    batch = std::min(batch, row.max_batch);
    if (row.first_oom_batch != 0) batch = std::min(batch, row.first_oom_batch - 1);
  }
  return batch;
}

std::string boundary_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries,
                            bool same_results) {
  if (boundaries.empty()) return "";
  const std::int64_t common = compared_batch(rows, boundaries);
  std::vector<Line> lines;
  for (const BoundaryRow& boundary : boundaries) {
    lines.push_back({&boundary, find(rows, boundary, boundary.max_batch),
                     find(rows, boundary, boundary.first_oom_batch), find(rows, boundary, common)});
  }
  const Line& base = lines.front();

  std::vector<std::vector<std::string>> records{
      {"variant", "max batch", "growth", "fixed", "a sample", "first oom", "verdict", "in phase",
       common == 0 ? "peak" : fmt::format("peak at {}", common), "activations", "step", "+-", "time",
       "samples/s", "trials/ooms"}};
  for (const Line& line : lines) records.push_back(cells(line, base));
  std::string text = format_table(records) + "\n";
  text += footprint_sentence(*base.boundary);
  for (std::size_t i = 1; i < lines.size(); ++i) text += sentence(lines[i], lines, base);
  if (same_results) text += result_sentence(lines);
  for (const Line& line : lines) {
    if (line.common != nullptr) text += loss_warning(*line.common);
    if (!line.boundary->holes.empty()) {
      text += fmt::format("{} has holes below its largest batch: {}.\n", line.name(), line.boundary->holes);
    }
  }
  const bool noisy = std::any_of(lines.begin(), lines.end(), [](const Line& line) {
    return line.common != nullptr && line.common->result.noisy;
  });
  if (noisy) text += kNoisyRemark;
  return text;
}

}  // namespace memsweep
