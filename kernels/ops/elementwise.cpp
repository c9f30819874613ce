// Activations, their gradients, sums and dropout.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

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
      moving(Op::dropout, "dropout", 1, infer_dropout, {"p", "seed", "id", "id_stride", "batches", "first"},
             2),
      moving(Op::dropout_backward, "dropout_backward", 2, first, {"p"}),
  };
}

}  // namespace memsweep::ops
