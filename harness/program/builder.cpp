#include "harness/program/builder.h"

#include <fmt/format.h>

namespace memsweep {
namespace {

// Tensor ids of the data, stated in tests/golden/training/README.md: batch k draws its input from
// 1000 + k, its target from 2000 + k, the mask behind hidden layer l from 3000 + 100 k + l.
constexpr double kInputId = 1000, kTargetId = 2000, kMaskId = 3000, kMaskIdStride = 100;

}  // namespace

std::vector<BufferId> append(Program& program, Instr instr, std::string_view name, Category category) {
  const auto types = row_of(instr.op).infer(types_of(program, instr.inputs), instr.attributes);
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto full = i == 0 ? std::string(name) : fmt::format("{}.{}", name, i);
    instr.outputs.push_back(add_buffer(program, {std::move(full), types[i], category, {}}));
  }
  program.step.push_back(std::move(instr));
  return program.step.back().outputs;
}

BufferId Builder::parameter(std::string name, Shape shape, float scale, float offset) {
  const double id = static_cast<double>(program_.parameters.size());
  const BufferId weight =
      add_buffer(program_, {std::move(name), {shape, DType::f32}, Category::weight, Lifetime::for_ever});
  program_.parameters.push_back({weight, weight});
  Instr draw{.op = Op::uniform, .phase = Phase::setup, .outputs = {weight}};
  draw.attributes = {static_cast<double>(randomness_.seed), id, 0, 1, 0, scale, offset};
  program_.setup.push_back(std::move(draw));
  return weight;
}

BufferId Builder::constant(std::string name, TensorType type, Op op, std::vector<double> attributes) {
  const BufferId buffer = add_buffer(program_, {std::move(name), type, Category::weight, Lifetime::for_ever});
  Instr make{.op = op, .phase = Phase::setup, .outputs = {buffer}};
  make.attributes = std::move(attributes);
  program_.setup.push_back(std::move(make));
  return buffer;
}

BufferId Builder::drawn_each_step(std::string name, TensorType type, Op op, double id,
                                  std::vector<double> attributes) {
  const BufferId buffer =
      add_buffer(program_, {std::move(name), type, Category::input, Lifetime::until_reassigned});
  Instr draw{.op = op, .phase = Phase::data, .outputs = {buffer}};
  draw.attributes = {static_cast<double>(randomness_.seed), id, 1, static_cast<double>(randomness_.batches),
                     0};
  draw.attributes.insert(draw.attributes.end(), attributes.begin(), attributes.end());
  program_.step.push_back(std::move(draw));
  return buffer;
}

BufferId Builder::input(std::string name, Shape shape, float scale) {
  return drawn_each_step(std::move(name), {shape, DType::f32}, Op::uniform, kInputId, {scale, 0});
}

BufferId Builder::target(std::string name, Shape shape, std::int64_t modulus) {
  return drawn_each_step(std::move(name), {shape, DType::i64}, Op::integers, kTargetId,
                         {static_cast<double>(modulus)});
}

BufferId Builder::token_input(std::string name, Shape shape, std::int64_t vocabulary) {
  return drawn_each_step(std::move(name), {shape, DType::i64}, Op::tokens, kInputId,
                         {static_cast<double>(vocabulary), 0});
}

BufferId Builder::token_target(std::string name, Shape shape, std::int64_t vocabulary) {
  return drawn_each_step(std::move(name), {shape, DType::i64}, Op::tokens, kInputId,
                         {static_cast<double>(vocabulary), 1});
}

std::vector<BufferId> Builder::apply_all(std::string name, Op op, std::vector<BufferId> inputs,
                                         std::vector<double> attributes) {
  Instr instr{.op = op, .phase = phase_, .block = block_, .inputs = std::move(inputs)};
  instr.attributes = std::move(attributes);
  instr.composite = composite_;
  return append(program_, std::move(instr), name, Category::activation);
}

BufferId Builder::apply(std::string name, Op op, std::vector<BufferId> inputs,
                        std::vector<double> attributes) {
  return apply_all(std::move(name), op, std::move(inputs), std::move(attributes)).front();
}

BufferId Builder::apply_in_place(Op op, std::vector<BufferId> operands, std::vector<double> attributes) {
  const BufferId overwritten = operands.front();
  Instr instr{.op = op, .phase = phase_, .block = block_, .inputs = std::move(operands)};
  instr.outputs = {overwritten};
  instr.attributes = std::move(attributes);
  program_.step.push_back(std::move(instr));
  return overwritten;
}

std::vector<BufferId> Builder::apply_updating(std::string name, Op op, std::vector<BufferId> inputs,
                                              std::size_t updated, std::vector<double> attributes) {
  const std::vector<BufferId> in_place(inputs.end() - static_cast<std::ptrdiff_t>(updated), inputs.end());
  std::vector<BufferId> results = apply_all(std::move(name), op, std::move(inputs), std::move(attributes));
  for (std::size_t i = 0; i < updated; ++i) {  // the last results are the operands, not new buffers
    program_.buffers.pop_back();
    results.pop_back();
  }
  auto& outputs = program_.step.back().outputs;
  outputs = results;
  outputs.insert(outputs.end(), in_place.begin(), in_place.end());
  return results;
}

BufferId Builder::make(std::string name, TensorType type, Op op, std::vector<double> attributes) {
  const BufferId made = add_buffer(program_, {std::move(name), type, Category::activation, {}});
  Instr instr{.op = op, .phase = phase_, .block = block_, .outputs = {made}};
  instr.attributes = std::move(attributes);
  program_.step.push_back(std::move(instr));
  return made;
}

std::vector<double> Builder::dropout_attributes(double p, int layer) const {
  return {p,
          static_cast<double>(randomness_.seed),
          kMaskId + layer,
          kMaskIdStride,
          static_cast<double>(randomness_.batches),
          0};
}

BufferId Builder::dropout(std::string name, BufferId x, double p, int layer) {
  return apply_all(std::move(name), Op::dropout, {x}, dropout_attributes(p, layer)).back();
}

void Builder::release(std::vector<BufferId> values) {
  program_.step.push_back({.op = Op::release, .phase = phase_, .block = block_, .inputs = std::move(values)});
}

void Builder::begin_block(std::optional<BufferId> input) {
  block_ = program_.blocks++;
  block_input_ = input;
}

void Builder::end_block() {
  if (block_input_) release({*block_input_});
  block_ = Instr::kNone;
}

void Builder::cross_entropy(BufferId logits, BufferId target) {
  program_.buffers[logits].lifetime = Lifetime::until_reassigned;
  phase_ = Phase::loss;
  const BufferId log_probabilities = apply("log_softmax", Op::log_softmax, {logits});
  program_.loss = apply("loss", Op::nll_loss, {log_probabilities, target});
  program_.buffers[program_.loss].lifetime = Lifetime::until_reassigned;
}

}  // namespace memsweep
