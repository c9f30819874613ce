#include "harness/report/dryrun_honesty.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/bytes.h"
#include "harness/report/dryrun_cudnn.h"
#include "harness/report/quantity.h"
#include "harness/report/repeated.h"

namespace memsweep {
namespace {

/// Sizes that only a library knows.
struct Assumed : Repeated {
  std::size_t most_bytes = 0;
};

/// What of a library was assumed; a function's name begins with that of its library.
std::string what_is_assumed(std::string_view function) {
  if (function.starts_with("cudnn")) return "workspaces of cuDNN";
  if (function.starts_with("cufft")) return "workspaces of cuFFT";
  if (function.starts_with("cusolver")) return "workspaces of cuSOLVER";
  return "workspaces and results of cuSPARSE";
}

struct Doubts {
  bool lacks_pytorch = false;
  Repeated blind, shadow, truths, counts;
  double density = 1;
  std::map<std::string, Repeated> unsupported;
  std::map<std::string, Assumed> assumed;  // by library
};

void add(Doubts& doubts, const ProcessFindings& process) {
  const StandinFindings& standin = *process.standin;
  if (!process.pytorch) doubts.lacks_pytorch = true;
  if (doubts.blind.times == 0) doubts.blind.after = standin.first_blind_read;
  doubts.blind.add(process, kBlindRead, standin.blind_reads);
  doubts.shadow.add(process, kShadowRead, standin.shadow_reads);
  doubts.truths.add(process, kTruthByRule, standin.truths_by_rule);
  doubts.counts.add(process, kCountByRule, standin.counts_by_rule);
  doubts.density = standin.density;
  for (const auto& [name, count] : standin.unsupported) doubts.unsupported[name].add(process, name, count);
  for (const AssumedSizes& sizes : standin.assumed) {
    Assumed& of_library = doubts.assumed[what_is_assumed(sizes.function)];
    of_library.add(process, sizes.function, sizes.count);
    of_library.most_bytes = std::max(of_library.most_bytes, sizes.most_bytes);
  }
}

std::string unsupported_calls(const Doubts& doubts) {
  if (doubts.unsupported.empty()) return "";
  std::vector<std::string> calls;
  for (const auto& [name, calls_of_it] : doubts.unsupported) {
    calls.push_back(
        fmt::format("{}, {}{}", name, plural(calls_of_it.times, "time", "times"), first_of(calls_of_it)));
  }
  return fmt::format("Not modelled, so that a true run can differ: {}.\n", fmt::join(calls, "; "));
}

std::string assumed_sizes(const Doubts& doubts) {
  if (doubts.assumed.empty()) return "";
  std::vector<std::string> sizes;
  for (const auto& [what, assumed] : doubts.assumed) {
    const std::string most = assumed.most_bytes == 0
                                 ? "counted as nothing"
                                 : "at most " + format_bytes(assumed.most_bytes) + " each";
    sizes.push_back(fmt::format("{} {}, {}{}", assumed.times, what, most, first_of(assumed)));
  }
  return fmt::format("Assumed, since only the libraries know how large they are: {}.\n",
                     fmt::join(sizes, "; "));
}

/// `has_range`: both ends of what masks may hold are run.
std::string rules(const Doubts& doubts, bool has_range) {
  std::string text;
  if (doubts.truths.times > 0) {
    text += fmt::format(
        "The program asked {} for all() or any() of some values{}, or compared their smallest or largest: "
        "the "
        "rule is yes for all(), no for any(), and that such a comparison holds.\n",
        plural(doubts.truths.times, "time", "times"), first_of(doubts.truths));
  }
  if (doubts.counts.times > 0) {
    text += fmt::format(
        "The program asked {} how many elements of a mask hold{}: the rule is a share of {}, as "
        "--density says.{}\n",
        plural(doubts.counts.times, "time", "times"), first_of(doubts.counts), doubts.density,
        has_range ? "" : " The same with --density 0:1 tells between which peaks the truth lies.");
  }
  return text;
}

/// `exact`: there is no other doubt.
std::string reads(const Doubts& doubts, bool exact) {
  std::string text;
  if (doubts.blind.times > 0) {
    text += fmt::format(
        "The program read {} that no kernel computed, and saw zeros{}. Where they are only printed, "
        "{}; where sizes or branches depend on them, a true run can differ.\n",
        plural(doubts.blind.times, "value", "values"), first_of(doubts.blind),
        exact ? "the numbers above are exact" : "that changes nothing");
  }
  if (doubts.shadow.times > 0) {  // PyTorch uses memory again without telling the runtime
    text += fmt::format(
        "The program read back {} that it had put on the device itself{}; kernels may have changed "
        "them in a true run.\n",
        plural(doubts.shadow.times, "value", "values"), first_of(doubts.shadow));
  }
  return text;
}

}  // namespace

std::string unseen_runtimes(const Dryrun& dryrun) {
  std::set<std::string> files;
  for (const ProcessFindings& process : dryrun.processes) {
    if (process.standin)
      files.insert(process.standin->own_runtimes.begin(), process.standin->own_runtimes.end());
  }
  if (files.empty()) return "";
  return fmt::format(
      "Not seen: what these take of the device, which hold kernels and are linked with a CUDA runtime of "
      "their own: {}.\n",
      fmt::join(files, ", "));
}

std::string dryrun_honesty(const Dryrun& dryrun) {
  Doubts doubts;
  bool has_standin = false;
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.standin) continue;
    has_standin = true;
    add(doubts, process);
  }
  if (!has_standin) return "";
  std::string text;
  const bool used = !dryrun.parts.empty();
  if (doubts.lacks_pytorch && used) {
    text += "Of a process that has no PyTorch, or was killed, only what it took of the device is known.\n";
  }
  text += unseen_runtimes(dryrun) + unsupported_calls(doubts) + assumed_sizes(doubts) + cudnn_doubts(dryrun);
  text += rules(doubts, dryrun.is_end_of_range);
  const std::string source = cudnn_source(dryrun);
  text += reads(doubts, text.empty() && source.empty());
  if (text.empty() && used) {
    text = fmt::format("Exact{}: the program read nothing that a kernel would have computed.\n",
                       source.empty() ? "" : ", if cuDNN plans on a GPU as it did here");
  }
  return text + source;
}

}  // namespace memsweep
