#include "harness/program/passes/clip.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/program/builder.h"

namespace memsweep {
namespace {

using Ids = std::vector<BufferId>;

constexpr double kNormOffset = 1e-6;  // torch/nn/utils/clip_grad.py

Ids apply(Program& program, std::string_view name, Op op, Ids inputs, std::vector<double> attributes = {}) {
  Instr instr{.op = op, .phase = Phase::clip, .inputs = std::move(inputs)};
  instr.attributes = std::move(attributes);
  return append(program, std::move(instr), name, Category::temporary);
}

void release(Program& program, Ids inputs) {
  program.step.push_back({.op = Op::release, .phase = Phase::clip, .inputs = std::move(inputs)});
}

/// A list of Python's lets go of its last element first, and so does a function of C++ of its variables.
void release_last_first(Program& program, Ids inputs) {
  std::reverse(inputs.begin(), inputs.end());
  release(program, std::move(inputs));
}

/// Foreach knows kernels for three norms (aten/src/ATen/native/cuda/ForeachReduceOp.cu).
bool at_once(const ClipOptions& o) {
  const double p = o.norm_type;
  return o.kernels != NormKernels::for_loop && (p == 1 || p == 2 || std::isinf(p));
}

Ids norms_of(Program& program, const Ids& gradients, const ClipOptions& o) {
  if (at_once(o)) {
    const double packed = o.kernels == NormKernels::foreach_packed ? 1 : 0;
    const Ids partial = apply(program, "partial_norms", Op::chunk_norms, gradients, {o.norm_type, packed});
    const auto type = static_cast<double>(program.type(gradients.front()).dtype);
    const Ids norms = apply(program, "norm", Op::join_norms, partial, {o.norm_type, type});
    release_last_first(program, partial);
    return norms;
  }
  Ids norms;
  for (BufferId gradient : gradients)
    norms.push_back(apply(program, "norm", Op::norm, {gradient}, {o.norm_type}).front());
  return norms;
}

/// The results live as long as Python's variables and expressions hold them.
BufferId total_norm(Program& program, const Ids& gradients, const ClipOptions& o) {
  const Ids norms = norms_of(program, gradients, o);
  const Ids together = apply(program, "norms", Op::stack, norms);
  const BufferId total = apply(program, "total_norm", Op::norm, together, {o.norm_type}).front();
  release_last_first(program, norms);
  return total;
}

BufferId coefficient(Program& program, BufferId total, const ClipOptions& o) {
  const Ids divisor = apply(program, "divisor", Op::add_number, {total}, {kNormOffset});
  const Ids inverse = apply(program, "inverse", Op::reciprocal, divisor);
  const Ids ratio = apply(program, "clip_coef", Op::scale, inverse, {o.max_norm});
  release(program, divisor);
  return apply(program, "clip_coef_clamped", Op::clamp_max, ratio, {1}).front();
}

}  // namespace

Program clip_gradients(Program program, const ClipOptions& o) {
  Ids gradients;
  for (const Parameter& parameter : program.parameters) gradients.push_back(parameter.gradient);
  const BufferId total = total_norm(program, gradients, o);
  const BufferId factor = coefficient(program, total, o);
  for (BufferId gradient : gradients) {
    program.step.push_back(
        {.op = Op::scale_by, .phase = Phase::clip, .inputs = {gradient, factor}, .outputs = {gradient}});
  }
  release(program, {total});
  return program;
}

}  // namespace memsweep
