#include "harness/program/passes/recompute.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

constexpr std::string_view kPolicies = "none, every:K, sqrt or segments:K";

std::int32_t count_of(std::string_view policy, std::string_view digits) {
  const auto k = parse_number<std::int32_t>(digits);
  if (!k || *k < 1) {
    throw UsageError(fmt::format("'{}' needs a whole number of at least 1 behind the colon", policy));
  }
  return *k;
}

std::vector<BlockRange> every(std::int32_t k, std::int32_t blocks) {
  std::vector<BlockRange> segments;
  for (std::int32_t first = 0; first < blocks; first += k)
    segments.push_back({first, std::min(first + k, blocks)});
  return segments;
}

std::vector<BlockRange> sequential(std::int32_t k, std::int32_t blocks) {
  if (k > blocks) {
    throw UsageError(fmt::format("segments:{} needs at least {} blocks; the model has {}", k, k, blocks));
  }
  auto segments = every(blocks / k, blocks);
  segments.resize(static_cast<std::size_t>(k) - 1);
  return segments;
}

/// Walks the step once, whatever the number of segments.
class Recomputation {
 public:
  Recomputation(Program program, const std::vector<BlockRange>& segments)
      : program_(std::move(program)),
        segment_of_block_(static_cast<std::size_t>(program_.blocks), kNone),
        origin_(program_.buffers.size()),
        copy_(program_.buffers.size()),
        plans_(segments.size()) {
    for (std::size_t s = 0; s < segments.size(); ++s) {
      for (std::int32_t block = segments[s].first; block < segments[s].last; ++block) {
        segment_of_block_[static_cast<std::size_t>(block)] = static_cast<std::int32_t>(s);
      }
    }
    for (const Instr& instr : program_.step) note(instr);
    for (Plan& plan : plans_) plan.hold_to_the_end();
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
      if (Plan* plan = plan_of(instr); plan != nullptr && instr.phase == Phase::backward) {
        if (!plan->done && reading_nodes_.contains(instr.node)) run_again(*plan, step);
        redirect(instr);
        if (reading_nodes_.contains(instr.node) && ends_function(i)) unpacked = let_go_of_unpacked(i);
      }
      // The sum of a bias' gradient is made by the engine, when the node's function has returned.
      const bool by_engine = instr.op == Op::sum_rows;
      if (by_engine) write(std::move(unpacked));
      write(std::move(instr));
      if (!by_engine) write(std::move(unpacked));
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
  };

  struct Plan {
    std::vector<Instr> forward;  // of the segment, in order
    std::size_t stop = 0;        // one behind the last one whose result the segment's backward pass reads
    bool done = false;

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

  void note(const Instr& instr) {
    Plan* plan = plan_of(instr);
    if (plan == nullptr) return;
    const std::int32_t segment = segment_of(instr);
    if (instr.phase == Phase::forward) {
      for (BufferId id : instr.outputs) {
        if (!is_state(id)) origin_[id] = {segment, plan->forward.size()};
      }
      plan->forward.push_back(instr);
    } else if (instr.phase == Phase::backward) {
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
    for (std::size_t i = 0; i < plan.stop; ++i) {
      Instr copy = plan.forward[i];
      redirect(copy);
      for (BufferId& id : copy.outputs) {
        if (!is_state(id)) id = copy_of(id);
      }
      copy.phase = Phase::recompute;
      step.push_back(std::move(copy));
    }
    empty_cast_cache(step);
    plan.done = true;
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
  std::vector<std::int32_t> segment_of_block_;
  std::vector<Origin> origin_;                 // by buffer of the program as it came
  std::vector<std::optional<BufferId>> copy_;  // likewise
  std::vector<Plan> plans_;                    // by segment
  std::set<std::int32_t> reading_nodes_;       // of the backward pass, that read values of their own segment
};

}  // namespace

std::vector<BlockRange> recompute_segments(std::string_view policy, std::int32_t blocks) {
  if (policy == "none") return {};
  if (policy == "sqrt") {
    return every(std::max(1, static_cast<std::int32_t>(std::ceil(std::sqrt(blocks)))), blocks);
  }
  const auto colon = policy.find(':');
  const auto name = policy.substr(0, colon);
  if (colon != std::string_view::npos && name == "every") {
    return every(count_of(policy, policy.substr(colon + 1)), blocks);
  }
  if (colon != std::string_view::npos && name == "segments") {
    return sequential(count_of(policy, policy.substr(colon + 1)), blocks);
  }
  throw UsageError(fmt::format("'{}' is no recompute policy; use {}", policy, kPolicies));
}

Program recompute(Program program, const std::vector<BlockRange>& segments) {
  return Recomputation(std::move(program), segments).run();
}

}  // namespace memsweep
