// What a run over the modelled devices did that its results can hang on: calls that nobody answers, values
// that nobody computed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/standin/watcher.h"

namespace memsweep::standin {

/// A copy to the host of device memory that holds nothing, so that the host got zeros.
struct BlindRead {
  std::size_t bytes;
  std::string after;  // the kernel launched last, as the compiler calls it; empty: none
};

/// Sizes that only a library knows, and that were handed out as they were assumed to be.
struct Estimates {
  std::uint64_t count = 0;
  std::size_t most_bytes = 0;  // the largest of them
};

/// Of the calling thread: whether a true library is running, whose calls are none of the program's.
bool& in_true_library();

/// Of convolutions and attention.
struct GraphsOfCudnn {
  std::string version;              // of the true library that was asked: "9.19.0"; empty: none was
  std::string refusal;              // why none could be, a clause; empty: it could, or was not to be
  std::uint64_t asked_plans = 0;    // with the workspaces that it told
  std::uint64_t assumed_plans = 0;  // with the one of the settings
  std::uint64_t compared = 0;       // graphs of which several plans were run, for the fastest
};

struct Observations {
  static constexpr std::size_t kMostListed = 16;

  void note_unsupported(std::string_view function) {
    if (in_true_library()) return;
    if (++unsupported[std::string(function)] == 1) news = function;
  }

  void note_estimate(std::string_view function, std::size_t bytes) {
    Estimates& of_function = estimates[std::string(function)];
    if (++of_function.count == 1) news = function;
    of_function.most_bytes = std::max(of_function.most_bytes, bytes);
  }

  void note_asked_plan() { ++cudnn.asked_plans; }

  void note_assumed_plan() {
    if (++cudnn.assumed_plans == 1) news = kAssumedPlan;
  }

  void note_compared_plans() {
    if (++cudnn.compared == 1) news = kComparedPlans;
  }

  void note_shadow_read() {
    if (++shadow_reads == 1) news = kShadowRead;
  }

  void note_truth_by_rule() {
    if (++truths_by_rule == 1) news = kTruthByRule;
  }

  void note_count_by_rule() {
    if (++counts_by_rule == 1) news = kCountByRule;
  }

  void note_blind_read(std::size_t bytes) {
    if (++blind_reads == 1) news = kBlindRead;
    if (blind_reads <= kMostListed) {
      first_blind_reads.push_back({bytes, last_kernel == nullptr ? "" : last_kernel});
    }
  }

  /// Whether anything was seen that does not take a device that was used.
  [[nodiscard]] bool are_there_without_device() const {
    return !unsupported.empty() || !estimates.empty() || !own_runtimes.empty();
  }

  std::map<std::string, std::uint64_t> unsupported;  // calls by function
  std::map<std::string, Estimates> estimates;        // by function
  GraphsOfCudnn cudnn;
  std::uint64_t blind_reads = 0;
  std::vector<BlindRead> first_blind_reads;
  std::uint64_t shadow_reads = 0;         // answered with what the host had put there itself
  std::uint64_t truths_by_rule = 0;       // whether all or any of some values hold, as read_rules.h says
  std::uint64_t counts_by_rule = 0;       // how many elements of masks do
  std::vector<std::string> own_runtimes;  // at the end: files of which nothing was seen (own_runtimes.h)
  const char* last_kernel = nullptr;
  std::string news;  // what the call that runs did first of all; empty: nothing new
};

}  // namespace memsweep::standin
