#include "harness/program/passes/fuse.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

class Fusion {
 public:
  Fusion(Program program, bool differentiated)
      : program_(std::move(program)),
        differentiated_(differentiated),
        reads_(program_.buffers.size()),
        made_by_(program_.buffers.size()),
        gone_(program_.buffers.size()) {
    for (const Instr& instr : program_.step) {
      if (instr.op == Op::release) continue;
      for (BufferId id : instr.inputs) ++reads_[id];
    }
  }

  Program run() && {
    const std::vector<Instr> step = std::exchange(program_.step, {});
    bool fused = false;
    for (const Instr& instr : step) {
      if (const auto linear = linear_before(instr)) {
        join(program_.step[*linear], instr);
        fused = true;
      } else {
        copy(instr);
      }
    }
    if (!fused) {
      throw UsageError(
          "there is nothing to fuse: no linear layer with a bias goes straight into relu or gelu_tanh");
    }
    return std::move(program_);
  }

 private:
  /// Where the linear layer stands that becomes one with this activation, if there is one.
  [[nodiscard]] std::optional<std::size_t> linear_before(const Instr& activation) const {
    if (activation.op != Op::relu && activation.op != Op::gelu_tanh) return std::nullopt;
    const BufferId sum = activation.inputs.front();
    const auto linear = made_by_[sum];
    if (!linear || program_.step[*linear].block != activation.block) return std::nullopt;
    const bool in_place = activation.outputs == activation.inputs;
    const bool overwritten = in_place && keeps_sum(activation.op);
    return overwritten || (!in_place && reads_[sum] > 1) ? std::nullopt : linear;
  }

  [[nodiscard]] bool keeps_sum(Op activation) const { return activation == Op::gelu_tanh && differentiated_; }

  void join(Instr& linear, const Instr& activation) {
    const BufferId sum = linear.outputs.front(), result = activation.outputs.front();
    linear.outputs = {result};
    made_by_[sum].reset();
    if (activation.op == Op::relu) {
      linear.op = Op::addmm_relu;
    } else {
      linear.op = Op::addmm_gelu_tanh;
      linear.attributes = {keeps_sum(activation.op) ? 1.0 : 0.0};
    }
    if (keeps_sum(activation.op)) {
      linear.outputs.push_back(sum);
    } else if (sum != result) {
      gone_[sum] = true;
    }
  }

  void copy(Instr instr) {
    if (instr.op == Op::release) {
      std::erase_if(instr.inputs, [this](BufferId id) { return gone_[id]; });
      if (instr.inputs.empty()) return;
    } else {
      for (BufferId id : instr.inputs) made_by_[id].reset();
    }
    const bool alone = instr.op == Op::addmm && !instr.composite &&
                       program_.buffers[instr.outputs.front()].lifetime == Lifetime::until_last_reader;
    if (alone) made_by_[instr.outputs.front()] = program_.step.size();
    program_.step.push_back(std::move(instr));
  }

  Program program_;
  bool differentiated_;
  std::vector<std::size_t> reads_;                   // by buffer; releases are none
  std::vector<std::optional<std::size_t>> made_by_;  // the linear layer, while nothing has read its result
  std::vector<bool> gone_;                           // sums that have no place any more
};

}  // namespace

Program fuse(Program forward, bool differentiated) {
  return Fusion(std::move(forward), differentiated).run();
}

}  // namespace memsweep
