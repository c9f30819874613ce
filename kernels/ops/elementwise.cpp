// Activations, their gradients, sums and dropout.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

Types infer_add_broadcast(Inputs in, Numbers) {
  const Shape &x = in[0].shape, &y = in[1].shape;
  expect(x.columns() == y.columns() && x.elements() % y.elements() == 0, "{} cannot be repeated along {}", y,
         x);
  return {in[0]};
}

Types infer_masked_fill(Inputs in, Numbers) {
  const Shape &x = in[0].shape, &mask = in[1].shape;
  expect(x.rank >= 2 && x[x.rank - 2] == x.columns() && x.columns() <= mask.columns() &&
             mask == Shape{mask.columns(), mask.columns()},
         "a mask of {} does not cover {}", mask, x);
  return {in[0]};
}

Types infer_dropout(Inputs in, Numbers) { return {{in[0].shape, DType::boolean}, in[0]}; }

/// Of two types f32 is the result's, whatever they are.
Types infer_add(Inputs in, Numbers) {
  expect(in[0].shape == in[1].shape, "operands must have one shape, not {} and {}", in[0].shape, in[1].shape);
  return {{in[0].shape, in[0].dtype == in[1].dtype ? in[0].dtype : DType::f32}};
}

}  // namespace

std::vector<OpRow> elementwise_rows() {
  return {
      moving(Op::relu, "relu", 1, first),
      moving(Op::relu_backward, "relu_backward", 2, same_as_both),
      moving(Op::gelu, "gelu", 1, first),
      moving(Op::gelu_backward, "gelu_backward", 2, same_as_both),
      moving(Op::gelu_tanh, "gelu_tanh", 1, first),
      moving(Op::gelu_tanh_backward, "gelu_tanh_backward", 2, same_as_both),
      moving(Op::silu, "silu", 1, first),
      moving(Op::silu_backward, "silu_backward", 2, same_as_both),
      moving(Op::tanh, "tanh", 1, first),
      moving(Op::tanh_backward, "tanh_backward", 2, same_as_both),
      moving(Op::sigmoid, "sigmoid", 1, first),
      moving(Op::sigmoid_backward, "sigmoid_backward", 2, same_as_both),
      moving(Op::add, "add", 2, infer_add),
      moving(Op::mul, "mul", 2, same_as_both),
      moving(Op::add_broadcast, "add_broadcast", 2, infer_add_broadcast),
      moving(Op::masked_fill, "masked_fill", 2, infer_masked_fill, {"value"}),
      moving(Op::dropout, "dropout", 1, infer_dropout, {"p", "seed", "id", "id_stride", "batches", "first"},
             2),
      moving(Op::dropout_backward, "dropout_backward", 2, first, {"p"}),
  };
}

}  // namespace memsweep::ops
