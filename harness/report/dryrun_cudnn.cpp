#include "harness/report/dryrun_cudnn.h"

#include <cstdint>

#include <fmt/format.h>

#include "harness/report/quantity.h"
#include "harness/report/repeated.h"

namespace memsweep {
namespace {

/// Of all processes.
struct Sum {
  std::string version, refusal;
  std::uint64_t asked_plans = 0;
  Repeated assumed_plans, compared;
};

Sum sum_of(const Dryrun& dryrun) {
  Sum sum;
  for (const ProcessFindings& process : dryrun.processes) {
    if (!process.standin) continue;
    const CudnnFindings& cudnn = process.standin->cudnn;
    if (!cudnn.version.empty()) sum.version = cudnn.version;
    if (!cudnn.refusal.empty()) sum.refusal = cudnn.refusal;
    sum.asked_plans += cudnn.asked_plans;
    sum.assumed_plans.add(process, kAssumedPlan, cudnn.assumed_plans);
    sum.compared.add(process, kComparedPlans, cudnn.compared);
  }
  return sum;
}

std::string why_assumed(const Sum& cudnn) {
  if (!cudnn.refusal.empty()) return fmt::format("of cuDNN, {}", cudnn.refusal);
  if (!cudnn.version.empty())
    return fmt::format("cuDNN {} could not plan these without a GPU", cudnn.version);
  return "no cuDNN was to be asked, as --cudnn says";
}

}  // namespace

std::string cudnn_doubts(const Dryrun& dryrun) {
  const Sum sum = sum_of(dryrun);
  std::string text;
  if (sum.assumed_plans.times > 0) {
    text += fmt::format(
        "Workspaces of {} for convolutions or attention are counted as nothing{}, and a true run can take "
        "more: {}.\n",
        plural(sum.assumed_plans.times, "plan", "plans"), first_of(sum.assumed_plans), why_assumed(sum));
  }
  if (sum.compared.times > 0) {
    text += fmt::format(
        "The program had several plans of cuDNN tried for {}{}, as torch.backends.cudnn.benchmark does{}. "
        "Which a GPU then keeps depends on their speed, and so do the workspaces of later steps.\n",
        plural(sum.compared.times, "operation", "operations"), first_of(sum.compared),
        sum.asked_plans > 0 ? ": their workspaces count in the step that tries them" : "");
  }
  return text;
}

std::string cudnn_source(const Dryrun& dryrun) {
  const Sum sum = sum_of(dryrun);
  if (sum.asked_plans == 0) return "";
  return fmt::format(
      "The workspaces of {} for convolutions or attention are those that cuDNN {} chose, asked without a GPU "
      "for one like this.\n",
      plural(sum.asked_plans, "plan", "plans"), sum.version);
}

}  // namespace memsweep
