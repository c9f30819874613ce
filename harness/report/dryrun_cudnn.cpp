#include "harness/report/dryrun_cudnn.h"

#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "harness/report/dryrun_honesty.h"
#include "harness/report/quantity.h"

namespace memsweep {
namespace {

/// Of all processes.
struct Sum {
  CudnnFindings cudnn;
  std::optional<Place> first_assumed, first_compared;
};

void note(std::uint64_t& sum, std::uint64_t count, std::optional<Place>& first,
          const ProcessFindings& process, const char* what) {
  if (sum == 0 && count > 0) first = first_place(process, what);
  sum += count;
}

Sum sum_of(const Dryrun& dryrun) {
  Sum sum;
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.standin) continue;
    const CudnnFindings& cudnn = process.standin->cudnn;
    if (!cudnn.version.empty()) sum.cudnn.version = cudnn.version;
    if (!cudnn.refusal.empty()) sum.cudnn.refusal = cudnn.refusal;
    sum.cudnn.asked_plans += cudnn.asked_plans;
    note(sum.cudnn.assumed_plans, cudnn.assumed_plans, sum.first_assumed, process, kAssumedPlan);
    note(sum.cudnn.compared, cudnn.compared, sum.first_compared, process, kComparedPlans);
  }
  return sum;
}

std::string at(const std::optional<Place>& place) {
  return place ? fmt::format(" (the first at {})", describe(*place)) : "";
}

std::string why_assumed(const CudnnFindings& cudnn) {
  if (!cudnn.refusal.empty()) return fmt::format("of cuDNN, {}", cudnn.refusal);
  if (!cudnn.version.empty())
    return fmt::format("cuDNN {} could not plan these without a GPU", cudnn.version);
  return "no cuDNN was to be asked, as --cudnn says";
}

}  // namespace

std::string cudnn_doubts(const Dryrun& dryrun) {
  const Sum sum = sum_of(dryrun);
  std::string text;
  if (sum.cudnn.assumed_plans > 0) {
    text += fmt::format(
        "Workspaces of {} for convolutions or attention are counted as nothing{}, and a true run can take "
        "more: {}.\n",
        plural(sum.cudnn.assumed_plans, "plan", "plans"), at(sum.first_assumed), why_assumed(sum.cudnn));
  }
  if (sum.cudnn.compared > 0) {
    text += fmt::format(
        "The program had several plans of cuDNN tried for {}{}, as torch.backends.cudnn.benchmark does{}. "
        "Which "
        "a GPU then keeps depends on their speed, and so do the workspaces of later steps.\n",
        plural(sum.cudnn.compared, "operation", "operations"), at(sum.first_compared),
        sum.cudnn.asked_plans > 0 ? ": their workspaces count in the step that tries them" : "");
  }
  return text;
}

std::string cudnn_source(const Dryrun& dryrun) {
  const CudnnFindings cudnn = sum_of(dryrun).cudnn;
  if (cudnn.asked_plans == 0) return "";
  return fmt::format(
      "The workspaces of {} for convolutions or attention are those that cuDNN {} chose, asked without a GPU "
      "for one like this.\n",
      plural(cudnn.asked_plans, "plan", "plans"), cudnn.version);
}

}  // namespace memsweep
