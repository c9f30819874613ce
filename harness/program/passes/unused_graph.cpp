#include "harness/program/passes/unused_graph.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/program/differentiate.h"

namespace memsweep {
namespace {

/// What the backward pass reads of what the forward pass makes, in the order in which it reads it last: the
/// nodes of a graph that is dropped go in the same order as those of one that is run.
std::vector<BufferId> saved_buffers(const Program& forward) {
  const Program differentiated = differentiate(forward);
  std::vector<std::pair<std::size_t, BufferId>> last_reads;
  for (std::size_t i = differentiated.step.size(); i-- > forward.step.size();) {
    for (BufferId id : differentiated.step[i].inputs) {
      const bool made_forward =
          id < forward.buffers.size() && forward.buffers[id].lifetime != Lifetime::for_ever;
      const bool known = std::any_of(last_reads.begin(), last_reads.end(),
                                     [id](const auto& read) { return read.second == id; });
      if (made_forward && !known && id != forward.loss) last_reads.emplace_back(i, id);
    }
  }
  std::stable_sort(last_reads.begin(), last_reads.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<BufferId> saved;
  for (const auto& [index, id] : last_reads) saved.push_back(id);
  const auto& input = forward.input_requiring_grad;
  if (input && std::find(saved.begin(), saved.end(), *input) == saved.end()) saved.push_back(*input);
  return saved;
}

void let_total_weight_go_first(Program& forward) {
  const auto nll = std::find_if(forward.step.begin(), forward.step.end(),
                                [](const Instr& instr) { return instr.op == Op::nll_loss; });
  if (nll == forward.step.end()) return;
  auto& saved = forward.saved_by_loss;
  const auto target = std::find(saved.begin(), saved.end(), nll->inputs.back());
  const auto weight = std::find(saved.begin(), saved.end(), nll->outputs.back());
  if (target < weight && weight != saved.end()) std::rotate(target, weight, std::next(weight));
}

}  // namespace

Program keep_graph(Program forward, bool total_weight_first) {
  forward.saved_by_loss = saved_buffers(forward);
  if (total_weight_first) let_total_weight_go_first(forward);
  for (BufferId id : forward.saved_by_loss) forward.buffers[id].lifetime = Lifetime::with_loss;
  return forward;
}

}  // namespace memsweep
