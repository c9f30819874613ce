#include "harness/report/sweep_report.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/report/dryrun_verdict.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

constexpr std::size_t kShownCategories = 3;

bool fits(const Row& row) { return row.result.outcome == Outcome::ok; }

std::string probe_table(const std::vector<Row>& rows, const std::string& name) {
  std::vector<std::vector<std::string>> records{
      {name, "outcome", "requested", "allocated", "reserved", "device peak", "retries", "verdict"}};
  for (const Row& row : rows) {
    const TrialResult& r = row.result;
    records.push_back({fmt::format("{}", row.batch), std::string(name_of(r.outcome)),
                       format_bytes(r.peak.requested), format_bytes(r.peak.allocated),
                       format_bytes(r.peak.reserved), format_bytes(r.peak.device),
                       fmt::format("{}", r.alloc_retries), std::string(name_of(r.verdict))});
  }
  return format_table(records);
}

std::string on_the_largest(const Row* largest, const SweepQuestion& q) {
  if (largest == nullptr) return "";
  const std::size_t peak = largest->result.peak.device;
  std::string text = fmt::format("{}={} is the largest that fits: {} of {} at the peak, {} are left.", q.name,
                                 largest->batch, format_bytes(peak), format_bytes(q.capacity),
                                 format_bytes(q.capacity - std::min(peak, q.capacity)));
  if (largest->batch == q.highest) text += " Nothing larger was asked for.";
  text += retries_sentence(largest->result.alloc_retries);
  if (!largest->result.message.empty()) text += " " + largest->result.message;
  return text + "\n";
}

/// "activations 33.6MiB, weights 2MiB": what was there when memory ran out, the largest first.
std::string standing(const TrialResult& result) {
  std::vector<std::pair<std::size_t, Category>> shares;
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    if (result.by_category[i] > 0) shares.emplace_back(result.by_category[i], static_cast<Category>(i));
  }
  std::ranges::sort(shares, std::greater<>{});
  shares.resize(std::min(shares.size(), kShownCategories));
  std::vector<std::string> texts;
  for (const auto& [bytes, category] : shares) {
    texts.push_back(fmt::format("{} {}", name_of(category), format_bytes(bytes)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string on_the_refused(const SweepAnswer& answer, const SweepQuestion& q) {
  const Row* refused = answer.refused;
  if (refused == nullptr) return "";
  const TrialResult& r = refused->result;
  std::string text = fmt::format("{}={} ", q.name, refused->batch);
  if (refused->batch == q.lowest) {
    text += "does not fit, and nothing smaller was asked for";
  } else if (answer.largest != nullptr && refused->batch == answer.largest->batch + 1) {
    text += "is the smallest above it that does not";
  } else {
    text += "does not fit, the smallest of those that were tried";
  }
  if (r.refused_bytes == 0) return text + ": the device refused it memory.\n";
  text += fmt::format(": {} {} were refused. Verdict: {}", in_phase(name_of(r.phase), r.phase_step),
                      format_bytes(r.refused_bytes), name_of(r.verdict));
  if (const std::string what = standing(r); !what.empty()) text += "; what stood: " + what;
  return text + fmt::format(".\nAsked for by {}\n", r.message);
}

std::string on_holes(const SweepAnswer& answer, const SweepQuestion& q) {
  if (!answer.holes.empty()) {
    return fmt::format("Below it there are holes: {}={} does not fit.\n", q.name,
                       fmt::join(answer.holes, ", "));
  }
  if (answer.largest == nullptr || answer.refused == nullptr) return "";
  return "Both were run. Values that are not in the table were not, and the rounding of memory can leave "
         "holes.\n";
}

std::vector<Row> by_value(std::span<const Row> probes) {
  std::vector<Row> rows(probes.begin(), probes.end());
  std::ranges::stable_sort(rows, {}, &Row::batch);
  return rows;
}

}  // namespace

SweepAnswer sweep_answer(std::span<const Row> probes) {
  SweepAnswer answer;
  for (const Row& row : probes) {
    if (fits(row) && (answer.largest == nullptr || row.batch > answer.largest->batch)) answer.largest = &row;
  }
  const std::int64_t largest = answer.largest == nullptr ? 0 : answer.largest->batch;
  for (const Row& row : probes) {
    if (fits(row)) continue;
    if (row.batch < largest) {
      answer.holes.push_back(row.batch);
    } else if (answer.refused == nullptr || row.batch < answer.refused->batch) {
      answer.refused = &row;
    }
  }
  std::ranges::sort(answer.holes);
  return answer;
}

std::string sweep_report(std::span<const Row> probes, const SweepQuestion& question,
                         std::string_view ended_early) {
  std::string text;
  if (!probes.empty()) text += probe_table(by_value(probes), question.name) + "\n";
  if (!ended_early.empty()) {
    text += fmt::format("{}{}\n", ended_early, probes.empty() ? "" : " What was tried before says:");
  }
  const SweepAnswer answer = sweep_answer(probes);
  return text + on_the_largest(answer.largest, question) + on_the_refused(answer, question) +
         on_holes(answer, question);
}

}  // namespace memsweep
