// Sums over the rows of a matrix.
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/operands.h"

namespace memsweep::cuda {
namespace {

void sum_rows_of(const CudaContext& context, Matrix size, const OpCall& call, const Views& views) {
  sum_columns<EachValue<1>, 1>(context, size, {{input(call, views, 0)}}, {output(call, views, 0)},
                               {borrowed(views, 0)});
}

}  // namespace

void sum_rows(const CudaContext& context, const OpCall& call, const Views& views) {
  sum_rows_of(context, Matrix::of(call.inputs[0]), call, views);
}

void sum_repeats(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::int64_t group = call.outputs[0].shape.elements();
  sum_rows_of(context, {call.inputs[0].shape.elements() / group, group}, call, views);
}

}  // namespace memsweep::cuda
