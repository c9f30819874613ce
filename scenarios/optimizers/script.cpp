#include "scenarios/optimizers/script.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

Instr instruction(Op op, Script::Ids inputs, Script::Numbers attributes, When when) {
  Instr instr{.op = op, .phase = Phase::optimizer, .when = when, .inputs = std::move(inputs)};
  instr.attributes = std::move(attributes);
  return instr;
}

bool mentions(const Instr& instr, BufferId id) {
  const auto has = [id](const std::vector<BufferId>& ids) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  return has(instr.inputs) || has(instr.outputs);
}

/// "what(name)"
std::string name_of(const Program& program, std::string_view what, BufferId operand) {
  return std::string(what).append("(").append(program.buffers[operand].name).append(")");
}

}  // namespace

Held Script::make(Op op, Ids inputs, Numbers attributes) {
  const auto name = name_of(program_, row_of(op).name, inputs.front());
  const BufferId made = append(program_, instruction(op, std::move(inputs), std::move(attributes), when_),
                               name, Category::temporary)
                            .front();
  return Held(std::shared_ptr<const BufferId>(new BufferId(made), [this](const BufferId* id) {
    let_go(*id);
    delete id;
  }));
}

void Script::update(Op op, Ids inputs, Numbers attributes) {
  update(op, std::move(inputs), std::move(attributes), when_);
}

void Script::update(Op op, Ids inputs, Numbers attributes, When when) {
  const BufferId updated = inputs.front();
  run(op, std::move(inputs), {updated}, std::move(attributes), when);
}

void Script::run(Op op, Ids inputs, Ids outputs, Numbers attributes, When when) {
  program_.step.push_back(instruction(op, std::move(inputs), std::move(attributes), when));
  program_.step.back().outputs = std::move(outputs);
}

BufferId Script::state(std::string_view what, BufferId weight, Op op, Ids inputs) {
  return born(name_of(program_, what, weight), op, std::move(inputs), {});
}

BufferId Script::shared(std::string_view name, Op op, Numbers attributes) {
  return born(name, op, {}, std::move(attributes));
}

BufferId Script::born(std::string_view name, Op op, Ids inputs, Numbers attributes) {
  const BufferId id =
      append(program_, instruction(op, std::move(inputs), std::move(attributes), When::first_step), name,
             Category::optimizer_state)
          .front();
  program_.buffers[id].lifetime = Lifetime::for_ever;
  return id;
}

BufferId Script::filled(std::string_view what, BufferId weight, TensorType type, double value) {
  const BufferId id = unborn(what, weight, type);
  run(Op::fill, {}, {id}, {value}, When::first_step);
  return id;
}

BufferId Script::built(std::string_view what, BufferId weight, double value) {
  const BufferId id = unborn(what, weight, program_.type(weight));
  program_.setup.push_back(instruction(Op::fill, {}, {value}, When::every_step));
  program_.setup.back().outputs = {id};
  return id;
}

BufferId Script::unborn(std::string_view what, BufferId weight, TensorType type) {
  return add_buffer(program_,
                    {name_of(program_, what, weight), type, Category::optimizer_state, Lifetime::for_ever});
}

List Script::gradients(bool maximize, double weight_decay) {
  List list;
  for (const Parameter& p : parameters) {
    list.push_back(maximize ? make(Op::scale, {p.gradient}, {-1}) : Held(p.gradient));
  }
  if (weight_decay == 0) return list;
  List decayed;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (maximize)
      update(Op::axpby, {list[i], parameters[i].weight}, {1, weight_decay});
    else
      decayed.push_back(make(Op::add_scaled, {list[i], parameters[i].weight}, {weight_decay}));
  }
  return maximize ? list : decayed;
}

void Script::next_gradient(Held& gradient, const Parameter& parameter, bool maximize, double weight_decay) {
  gradient = maximize ? make(Op::scale, {parameter.gradient}, {-1}) : Held(parameter.gradient);
  if (weight_decay != 0) gradient = make(Op::add_scaled, {gradient, parameter.weight}, {weight_decay});
}

/// Nothing needs to be written of what dies with its last reader anyway, unless something else dies before.
void Script::let_go(BufferId id) {
  if (program_.step.empty() || program_.step.back().when != when_) {
    program_.step.push_back(instruction(Op::release, {id}, {}, when_));
    return;
  }
  Instr& last = program_.step.back();
  if (last.op == Op::release && last.phase == Phase::optimizer) {
    last.inputs.push_back(id);
  } else if (!mentions(last, id)) {
    program_.step.push_back(instruction(Op::release, {id}, {}, when_));
  }
}

}  // namespace memsweep
