#include "harness/program/passes/recompute.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/program/passes/segment_borders.h"

namespace memsweep {
namespace {

/// Walks the step once, whatever the number of segments.
class Recomputation {
 public:
  Recomputation(Program program, const Recompute& recompute)
      : program_(std::move(program)),
        reentrant_(recompute.checkpoint == Checkpoint::reentrant),
        selective_(recompute.checkpoint == Checkpoint::selective),
        segment_of_block_(static_cast<std::size_t>(program_.blocks), kNone),
        origin_(program_.buffers.size()),
        copy_(program_.buffers.size()),
        plans_(recompute.segments.size()) {
    for (std::size_t s = 0; s < plans_.size(); ++s) {
      const BlockRange& blocks = recompute.segments[s];
      for (std::int32_t block = blocks.first; block < blocks.last; ++block) {
        segment_of_block_[static_cast<std::size_t>(block)] = static_cast<std::int32_t>(s);
      }
    }
    for (const Instr& instr : program_.step) note(instr);
    for (Plan& plan : plans_) plan.hold_to_the_end();
    if (reentrant_) prepare_reentrant();
  }

  Program run() && {
    std::vector<Instr> step;
    const auto write = [&step](Instr instr) {
      const bool nothing_left = instr.op == Op::release && instr.inputs.empty();
      if (!nothing_left) step.push_back(std::move(instr));
    };
    for (std::size_t i = 0; i < program_.step.size(); ++i) {
      Instr& instr = program_.step[i];
      Instr unpacked;
      Plan* plan = instr.phase == Phase::backward ? plan_of(instr) : nullptr;
      if (plan != nullptr) {
        const bool reads = reading_nodes_.contains(instr.node);
        if (!plan->done && (reentrant_ || reads)) run_again(*plan, step);
        redirect(instr);
        if (reads && !reentrant_ && ends_function(i)) unpacked = let_go_of_unpacked(i);
      }
      if (reentrant_ && instr.phase == Phase::backward) leave_arriving_alone(instr, plan);
      // The sum of a bias' gradient is made by the engine, when the node's function has returned.
      const bool by_engine = instr.op == Op::sum_rows;
      if (by_engine) write(std::move(unpacked));
      write(std::move(instr));
      if (!by_engine) write(std::move(unpacked));
      if (plan != nullptr && --plan->backward == 0) end_segment(*plan, step);
    }
    program_.step = std::move(step);
    return std::move(program_);
  }

 private:
  static constexpr std::int32_t kNone = -1;

  /// Which forward instruction of which segment made a buffer.
  struct Origin {
    std::int32_t segment = kNone;
    std::size_t position = 0;
    bool kept = false;  // instead of being made again
  };

  struct Plan {
    std::vector<Instr> forward;  // of the segment, in order
    std::size_t backward = 0;    // instructions of its backward pass that are still to come
    std::size_t stop = 0;        // one behind the last one whose result the segment's backward pass reads
    bool done = false;
    SegmentBorder border{};        // where it is reentrant
    std::vector<BufferId> held{};  // at least until its backward pass is done

    /// What would be let go of right behind it lives until there.
    void hold_to_the_end() {
      while (stop > 0 && stop < forward.size() && forward[stop].op == Op::release) ++stop;
    }
  };

  [[nodiscard]] std::int32_t segment_of(const Instr& instr) const {
    return instr.block == Instr::kNone ? kNone : segment_of_block_[static_cast<std::size_t>(instr.block)];
  }

  [[nodiscard]] Plan* plan_of(const Instr& instr) {
    const std::int32_t segment = segment_of(instr);
    return segment == kNone ? nullptr : &plans_[static_cast<std::size_t>(segment)];
  }

  /// Buffers made by this pass have no origin: they are at home in no segment.
  [[nodiscard]] bool made_in(BufferId id, std::int32_t segment) const {
    return id < origin_.size() && origin_[id].segment == segment;
  }

  [[nodiscard]] bool is_kept(BufferId id) const { return id < origin_.size() && origin_[id].kept; }

  void note(const Instr& instr) {
    Plan* plan = plan_of(instr);
    if (plan == nullptr) return;
    const std::int32_t segment = segment_of(instr);
    if (instr.phase == Phase::forward) {
      for (BufferId id : instr.outputs) {
        if (is_kept(id)) expect_unharmed(instr);
        const bool kept = is_kept(id) || makes_kept(instr);
        if (!is_state(id)) origin_[id] = {segment, plan->forward.size(), kept};
      }
      plan->forward.push_back(instr);
    } else if (instr.phase == Phase::backward) {
      ++plan->backward;
      for (BufferId id : instr.inputs) {
        if (!made_in(id, segment)) continue;
        plan->stop = std::max(plan->stop, origin_[id].position + 1);
        reading_nodes_.insert(instr.node);
      }
    }
  }

  /// What a module updates as it runs, such as running statistics: it is updated twice.
  [[nodiscard]] bool is_state(BufferId id) const {
    return program_.buffers[id].lifetime == Lifetime::for_ever;
  }

  [[nodiscard]] bool makes_kept(const Instr& instr) const {
    return selective_ && (instr.op == Op::mm || instr.op == Op::addmm || instr.op == Op::bmm);
  }

  /// A mask may be added to scores twice, and PyTorch does: they are a view with a version of its own. A view
  /// of thirds writes nothing.
  static void expect_unharmed(const Instr& instr) {
    if (instr.op == Op::add_broadcast || instr.op == Op::split_thirds) return;
    throw UsageError(
        fmt::format("selective recomputation keeps results of products, and {} in place would overwrite one; "
                    "take another activation",
                    row_of(instr.op).name));
  }

  void prepare_reentrant() {
    auto borders = segment_borders(program_, segment_of_block_, plans_.size());
    for (std::size_t s = 0; s < plans_.size(); ++s) {
      plans_[s].border = std::move(borders[s]);
      plans_[s].stop = plans_[s].forward.size();
    }
  }

  /// Whether the function of a node has nothing left to do but what follows: sums of gradients are the
  /// engine's.
  [[nodiscard]] bool ends_function(std::size_t at) const {
    const auto belongs = [](const Instr& instr) {
      return instr.op != Op::release && instr.op != Op::axpby && instr.op != Op::add;
    };
    const auto& list = program_.step;
    if (!belongs(list[at])) return false;
    for (std::size_t i = at + 1; i < list.size() && list[i].node == list[at].node; ++i) {
      if (belongs(list[i])) return false;
    }
    return true;
  }

  /// Saved values live to the end of the node; what was made again only as variables of the function into
  /// which it was unpacked, the last of which dies first, and before the gradients that the function was
  /// given.
  Instr let_go_of_unpacked(std::size_t at) {
    const Instr& last = program_.step[at];
    Instr let_go{.op = Op::release, .phase = last.phase, .block = last.block, .node = last.node};
    const auto made_again = [this](BufferId id) { return id >= origin_.size(); };
    auto& ids = let_go.inputs;
    std::copy_if(last.inputs.begin(), last.inputs.end(), std::back_inserter(ids), made_again);
    for (std::size_t i = at + 1; i < program_.step.size() && program_.step[i].node == last.node; ++i) {
      Instr& end = program_.step[i];
      if (end.op != Op::release) continue;
      redirect(end);
      std::copy_if(end.inputs.begin(), end.inputs.end(), std::back_inserter(ids), made_again);
      std::erase_if(end.inputs, made_again);
    }
    std::reverse(ids.begin(), ids.end());
    if (ids.empty() || last.op == Op::sum_rows) return let_go;
    for (BufferId id : last.inputs) {
      if (!made_again(id) && !is_state(id)) ids.push_back(id);
    }
    return let_go;
  }

  void run_again(Plan& plan, std::vector<Instr>& step) {
    for (std::size_t i = 0; i < plan.stop; ++i) step.push_back(again(plan.forward[i]));
    empty_cast_cache(step);
    hold(plan);
    plan.done = true;
  }

  [[nodiscard]] Instr again(Instr copy) {
    redirect(copy);
    copy.phase = Phase::recompute;
    if (makes_kept(copy))
      return {.op = Op::release, .phase = copy.phase, .block = copy.block, .inputs = copy.outputs};
    for (BufferId& id : copy.outputs) {
      if (!is_state(id) && !is_kept(id)) id = copy_of(id);
    }
    return copy;
  }

  void hold(Plan& plan) {
    for (BufferId id : plan.border.outputs) plan.held.push_back(copy_of(id));
    for (BufferId id : plan.border.arriving) plan.held.push_back(renamed(id));
    for (BufferId id : plan.border.inputs) plan.held.push_back(id);
    for (std::size_t i = plan.stop; i < plan.forward.size(); ++i) {
      if (makes_kept(plan.forward[i])) plan.held.push_back(plan.forward[i].outputs.front());
    }
  }

  void end_segment(Plan& plan, std::vector<Instr>& step) const {
    if (plan.held.empty()) return;
    step.push_back({.op = Op::release, .phase = Phase::backward, .block = step.back().block});
    step.back().inputs = std::move(plan.held);
  }

  /// A sum with a gradient that the caller of the segment's own backward pass holds is a new value.
  void leave_arriving_alone(Instr& instr, Plan* plan) {
    std::optional<BufferId> sum;
    if (plan != nullptr && instr.op == Op::axpby) {
      const BufferId target = instr.outputs.front();
      if (std::erase(plan->border.arriving, target) != 0) sum = target;
    }
    for (BufferId& id : instr.inputs) id = renamed(id);
    if (sum) {
      instr.op = Op::add;
      instr.attributes.clear();
      renamed_[*sum] = add_buffer(program_, program_.buffers[*sum]);
    }
    for (BufferId& id : instr.outputs) id = renamed(id);
  }

  [[nodiscard]] BufferId renamed(BufferId id) const {
    const auto other = renamed_.find(id);
    return other == renamed_.end() ? id : other->second;
  }

  /// Autocast's region ends where the recomputation does: by an exception, which holds the operands of the op
  /// that raised it while the region is left.
  void empty_cast_cache(std::vector<Instr>& step) const {
    Instr empty{.op = Op::release, .phase = Phase::recompute, .block = step.back().block};
    for (BufferId id : program_.cast_cache) {
      if (made_in(id, segment_of(empty)) && copy_[id]) empty.inputs.push_back(*copy_[id]);
    }
    if (empty.inputs.empty()) return;
    const auto raised = std::find_if_not(step.rbegin(), step.rend(),
                                         [](const Instr& instr) { return instr.op == Op::release; });
    std::copy_if(raised->inputs.begin(), raised->inputs.end(), std::back_inserter(empty.inputs),
                 [this](BufferId id) { return id >= origin_.size(); });
    step.push_back(std::move(empty));
  }

  BufferId copy_of(BufferId id) {
    if (!copy_[id]) {
      Buffer buffer = program_.buffers[id];
      buffer.name += "'";
      copy_[id] = add_buffer(program_, std::move(buffer));
    }
    return *copy_[id];
  }

  void redirect(Instr& instr) const {
    for (BufferId& id : instr.inputs) {
      if (made_in(id, segment_of(instr)) && copy_[id]) id = *copy_[id];
    }
  }

  Program program_;
  bool reentrant_, selective_;
  std::vector<std::int32_t> segment_of_block_;
  std::vector<Origin> origin_;                 // by buffer of the program as it came
  std::vector<std::optional<BufferId>> copy_;  // likewise
  std::vector<Plan> plans_;                    // by segment
  std::set<std::int32_t> reading_nodes_;       // of the backward pass, that read values of their own segment
  std::map<BufferId, BufferId> renamed_;       // gradients of the program as it came that are new values now
};

}  // namespace

Program recompute(Program program, const Recompute& recompute) {
  if (recompute.segments.empty()) return program;
  return Recomputation(std::move(program), recompute).run();
}

}  // namespace memsweep
