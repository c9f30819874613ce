// Memory that is free but cannot be had: which pattern of requests suffers under which settings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/bytes.h"
#include "harness/sweep/trace_trial.h"
#include "scenarios/patterns.h"
#include "scenarios/scenario.h"

namespace memsweep {
namespace {

/// What the settings are compared with comes first. Garbage is collected under a memory limit only: one that
/// leaves the last 0.01 % of the device.
constexpr std::array<std::string_view, 9> kSettings{
    "",
    "max_split_size_mb:64",
    "max_split_size_mb:128",
    "max_split_size_mb:512",
    "expandable_segments:True",
    "expandable_segments:True,max_split_size_mb:64",
    "garbage_collection_threshold:0.8,per_process_memory_fraction:0.9999",
    "backend:cudaMallocAsync",
    "backend:direct",
};

struct Case {
  std::string_view name;
  std::size_t capacity = 0;  // of the device, bytes
  std::vector<TraceUser> users;
};

std::vector<Case> cases() {
  constexpr std::array<std::size_t, 5> kRising{10, 14, 18, 22, 26}, kFalling{26, 22, 18, 14, 10};  // MiB
  const auto alone = [](Trace trace) { return std::vector<TraceUser>{{"all", std::move(trace)}}; };
  return {
      {"P1", 1000_MiB, alone(growing_sizes())},
      {"P2", 1000_MiB, alone(every_other_freed())},
      {"P3", 1000_MiB, alone(every_fifth_kept())},
      {"P4", 1000_MiB, alone(small_one_in_the_place_of_a_large_one())},
      {"P5", 1000_MiB, alone(kept_behind_temporaries())},
      {"P6", 1000_MiB, alone(kept_between_temporaries())},
      {"P7", 1000_MiB, alone(holes_of_their_own())},
      {"P8", 1000_MiB, alone(holes_inside_one_segment())},
      {"expert weights", 4000_MiB, alone(expert_weights())},
      {"moving tail", 1000_MiB, alone(moving_tail())},
      {"sequence lengths", 1000_MiB, alone(sequence_lengths())},
      {"large first", 64_MiB, alone(half_of_each_kept(kFalling))},
      {"small first", 64_MiB, alone(half_of_each_kept(kRising))},
      {"many streams", 64_MiB, alone(a_cache_for_each_stream())},
      {"second user", 64_MiB, {{"first user", cached_and_idle()}, {"second user", one_request()}}},
  };
}

std::string label(std::string_view settings) { return std::string(settings.empty() ? "default" : settings); }

/// How well a user is served: the higher the better.
int rank(const Stage& last) {
  if (last.outcome != Outcome::ok) return 0;
  return last.alloc_retries > 0 ? 1 : 2;
}

/// A difference of a tenth is worth a word.
bool markedly_less(std::size_t a, std::size_t b) { return a + b / 10 < b; }

/// First whether requests are served, then what is taken for it, then what stays taken.
bool better(const Stage& a, const Stage& b) {
  if (rank(a) != rank(b) || rank(a) == 0) return rank(a) > rank(b);
  if (markedly_less(a.peak.reserved, b.peak.reserved)) return true;
  if (markedly_less(b.peak.reserved, a.peak.reserved)) return false;
  return markedly_less(a.now.reserved, b.now.reserved);
}

std::string describe(const Stage& last) {
  if (last.outcome != Outcome::ok) {
    return fmt::format("is refused {} ({}; {} would have been served)", format_bytes(last.refused_bytes),
                       name_of(last.verdict), format_bytes(last.largest_fit.value_or(0)));
  }
  const auto reserved = fmt::format("reserves {} for {}, and {} for {} at the end",
                                    format_bytes(last.peak.reserved), format_bytes(last.peak.allocated),
                                    format_bytes(last.now.reserved), format_bytes(last.now.allocated));
  if (last.alloc_retries == 0) return reserved;
  return fmt::format("{}, and flushes its cache {}", reserved,
                     last.alloc_retries == 1 ? "once" : fmt::format("{} times", last.alloc_retries));
}

/// "; cured by A, B"
std::string list(std::string_view what, const std::vector<std::string>& settings) {
  return settings.empty() ? "" : fmt::format("; {} {}", what, fmt::join(settings, ", "));
}

/// Of all settings on one case, the first being the default.
std::string conclude(std::span<const ExperimentResult> settings) {
  const Stage& base = settings.front().stages.back();
  std::vector<std::string> cures, harms;
  for (const ExperimentResult& result : settings.subspan(1)) {
    const Stage& stage = result.stages.back();
    if (better(stage, base)) cures.push_back(result.variant);
    if (better(base, stage)) harms.push_back(fmt::format("{} ({})", result.variant, describe(stage)));
  }
  const bool nothing = cures.empty() && harms.empty();
  return fmt::format("{}: the default {}{}{}{}.", settings.front().subject, describe(base),
                     list(rank(base) == 2 ? "less under" : "cured by", cures), list("worse under", harms),
                     nothing ? "; no setting differs" : "");
}

}  // namespace

std::vector<Experiment> fragmentation(const TrainingOptions&, const Profile& device) {
  std::vector<Experiment> experiments;
  for (Case& each : cases()) {
    const auto shared = std::make_shared<const Case>(std::move(each));
    const bool runs = device.memory_bytes - device.context_bytes >= shared->capacity;
    // One row is enough to say that a case is not run.
    for (std::string_view settings : std::span(kSettings).first(runs ? kSettings.size() : 1)) {
      const auto run = [shared, settings](Device& on, const TrialOptions& options) {
        return run_traces(on, shared->capacity, shared->users, parse_settings(settings, options.release),
                          options.release);
      };
      experiments.push_back({std::string(shared->name), label(settings), run});
    }
  }
  return experiments;
}

std::vector<std::string> conclude_fragmentation(std::span<const ExperimentResult> results) {
  std::vector<std::string> sentences;
  std::map<std::string, std::vector<std::string>> not_run;  // by what they need
  for (auto first = results.begin(); first != results.end();) {
    const auto last = std::find_if(first, results.end(),
                                   [&](const ExperimentResult& r) { return r.subject != first->subject; });
    const Stage& base = first->stages.back();
    if (base.outcome == Outcome::error) {
      not_run[base.message].push_back(first->subject);
    } else {
      sentences.push_back(conclude({first, last}));
    }
    first = last;
  }
  for (const auto& [needs, subjects] : not_run) {
    sentences.push_back(
        fmt::format("Not run: {} ({}); --memory gives the device more, --device sim needs none.",
                    fmt::join(subjects, ", "), needs));
  }
  return sentences;
}

}  // namespace memsweep
