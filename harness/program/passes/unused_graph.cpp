#include "harness/program/passes/unused_graph.h"

#include <algorithm>
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
  return saved;
}

}  // namespace

Program keep_graph(Program forward) {
  forward.saved_by_loss = saved_buffers(forward);
  for (BufferId id : forward.saved_by_loss) forward.buffers[id].lifetime = Lifetime::with_loss;
  return forward;
}

}  // namespace memsweep
