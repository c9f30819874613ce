#include "harness/program/passes/accumulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace memsweep {
namespace {

/// New buffers in place of old ones, by the old one's id.
using Renaming = std::vector<BufferId>;

Renaming no_renaming(const Program& program) {
  Renaming names(program.buffers.size());
  for (BufferId id = 0; id < names.size(); ++id) names[id] = id;
  return names;
}

void rename(std::vector<BufferId>& ids, const Renaming& names) {
  for (BufferId& id : ids) id = names[id];
}

bool is_gradient(const Program& program, BufferId id) {
  return std::any_of(program.parameters.begin(), program.parameters.end(),
                     [id](const Parameter& parameter) { return parameter.gradient == id; });
}

/// Where `instr` ends a node: what was made in place of a gradient is added to the total.
void append_sums(const Program& program, const Instr& instr, const Renaming& totals, const Renaming& names,
                 When when, std::vector<Instr>& step) {
  if (instr.op != Op::release || instr.phase != Phase::backward) return;
  for (BufferId id : instr.inputs) {
    if (!is_gradient(program, id)) continue;
    Instr sum{.op = Op::axpby, .phase = Phase::backward, .when = when, .block = instr.block};
    sum.inputs = {totals[id], names[id]};
    sum.outputs = {totals[id]};
    sum.attributes = {1, 1};
    step.push_back(std::move(sum));
  }
}

/// What lives for ever is made once, by the first micro-batch.
bool makes_state(const Program& program, const Instr& instr) {
  return !instr.outputs.empty() && gives_birth(program, instr, instr.outputs.front()) &&
         program.buffers[instr.outputs.front()].lifetime == Lifetime::for_ever;
}

/// What outlives a micro-batch, in order: weights and constants, variables of user code.
std::vector<BufferId> what_stays(const Program& program) {
  std::vector<BufferId> ids;
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    if (program.buffers[id].lifetime != Lifetime::until_last_reader) ids.push_back(id);
  }
  return ids;
}

/// Writes one micro-batch behind the other.
class Accumulation {
 public:
  explicit Accumulation(const Program& first) : program_(first), stays_(what_stays(first)) {
    program_.step.clear();
    append(first, no_renaming(first));
  }

  void append(const Program& further) {
    ++written_;
    append(further, add_buffers(further));
  }

  Program finish() && { return std::move(program_); }

 private:
  void append(const Program& one, const Renaming& names) {
    Renaming totals = no_renaming(one);
    for (std::size_t i = 0; i < one.parameters.size(); ++i)
      totals[one.parameters[i].gradient] = program_.parameters[i].gradient;
    draw_ = 0;
    for (const Instr& instr : one.step) {
      if (written_ > 0 && makes_state(one, instr)) continue;
      Instr renamed = instr;
      draw_next_slice(one, renamed);
      rename(renamed.inputs, names);
      rename(renamed.outputs, names);
      program_.step.push_back(std::move(renamed));
      if (written_ > 0) append_sums(one, instr, totals, names, instr.when, program_.step);
    }
  }

  /// What a micro-batch makes has buffers of its own, and so have values of a variable that are of another
  /// size than the first one's.
  Renaming add_buffers(const Program& further) {
    const std::vector<BufferId> stays = what_stays(further);
    if (stays.size() != stays_.size()) throw std::logic_error("micro-batches of different models");
    Renaming names = no_renaming(further);
    for (std::size_t i = 0; i < stays.size(); ++i) {
      names[stays[i]] = stays_[i];
      if (further.type(stays[i]) == program_.type(stays_[i])) continue;
      Buffer value = further.buffers[stays[i]];
      value.variable = stays_[i];
      names[stays[i]] = add_buffer(program_, std::move(value));
    }
    for (BufferId id = 0; id < names.size(); ++id) {
      Buffer made = further.buffers[id];
      if (made.lifetime != Lifetime::until_last_reader) continue;
      made.name += fmt::format("@{}", written_);
      names[id] = add_buffer(program_, std::move(made));
    }
    return names;
  }

  /// If it draws at all: what lies behind that which the micro-batches before have drawn there.
  void draw_next_slice(const Program& one, Instr& instr) {
    const auto& labels = row_of(instr.op).attributes;
    const auto first = std::find(labels.begin(), labels.end(), "first");
    if (first == labels.end()) return;
    if (written_ == 0) drawn_.push_back(0);
    std::int64_t& drawn = drawn_.at(draw_++);
    instr.attributes[static_cast<std::size_t>(first - labels.begin())] += static_cast<double>(drawn);
    drawn += one.type(instr.outputs.front()).shape.elements();
  }

  Program program_;
  const std::vector<BufferId> stays_;  // of the first one
  std::size_t written_ = 0;
  std::vector<std::int64_t> drawn_;  // elements, by draws of a micro-batch
  std::size_t draw_ = 0;
};

}  // namespace

Program weigh_loss(Program forward, double share) {
  if (share == 1) return forward;
  Instr weigh{.op = Op::scale, .phase = Phase::loss, .inputs = {forward.loss}, .outputs = {forward.loss}};
  weigh.attributes = {share};
  forward.step.push_back(std::move(weigh));
  return forward;
}

Program accumulate(std::map<std::int64_t, Program> by_rows, const std::vector<std::int64_t>& rows) {
  Program& first = by_rows.at(rows.front());
  if (rows.size() == 1) return std::move(first);
  Accumulation accumulation(first);
  for (std::size_t m = 1; m < rows.size(); ++m) accumulation.append(by_rows.at(rows[m]));
  return std::move(accumulation).finish();
}

Program keep_gradients(Program program) {
  const Renaming totals = no_renaming(program);
  Renaming names = totals;
  for (const Parameter& parameter : program.parameters) {
    Buffer made = program.buffers[parameter.gradient];
    made.name = fmt::format("new {}", made.name);
    program.buffers[parameter.gradient].lifetime = Lifetime::for_ever;
    names[parameter.gradient] = add_buffer(program, std::move(made));
  }
  std::vector<Instr> step;
  for (Instr& instr : program.step) {
    const bool makes_gradient = std::any_of(instr.outputs.begin(), instr.outputs.end(), [&](BufferId id) {
      return names[id] != id && gives_birth(program, instr, id);
    });
    step.push_back(instr);
    append_sums(program, instr, totals, names, When::later_steps, step);
    if (!makes_gradient) continue;
    step.back().when = When::first_step;
    rename(instr.outputs, names);
    instr.when = When::later_steps;
    step.push_back(std::move(instr));
  }
  program.step = std::move(step);
  return program;
}

}  // namespace memsweep
