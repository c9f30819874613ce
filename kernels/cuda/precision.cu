// Casts, and the steps of loss scaling.
#include <cmath>

#include "kernels/cuda/batch.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/grid_loop.h"

namespace memsweep::cuda {
namespace {

struct Same {
  __device__ float operator()(float x) const { return x; }
};

__global__ void cast_f64_kernel(std::int64_t n, Ref x, Ref y) {
  for_each_in_grid(n, [&](std::int64_t i) {
    const double value =
        x.type == DType::f64 ? *data_of<const double>(x, i) : static_cast<double>(load(x, i));
    if (y.type == DType::f64) {
      *data_of<double>(y, i) = value;
    } else {
      store(y, i, static_cast<float>(value));
    }
  });
}

__global__ void check_and_unscale_kernel(Batch<Chunked> batch, Ref factor, Ref found) {
  const Chunk chunk = chunk_of_block(batch);
  const Chunked& operand = batch.items[chunk.item];
  const float by = load(factor, 0);
  bool infinite = false;
  for_each_vector_in_block(chunk.begin, chunk.end, [&](std::int64_t i, int count) {
    float values[kVector];
    load_vector(operand.x, i, count, values);
    for (float& value : values) {
      infinite |= value - value != 0;  // which is NaN for both
      value *= by;
    }
    store_vector(operand.y, i, count, values);
  });
  if (infinite) store(found, 0, 1);  // whoever else does stores the same
}

struct ScaleRules {
  double growth, backoff;
  float interval;
};

/// One thread.
__global__ void update_scale_kernel(ScaleRules rules, Ref scale_in, Ref tracker_in, Ref found_in,
                                    Ref scale_out, Ref tracker_out) {
  const float scale = load(scale_in, 0), tracker = load(tracker_in, 0) + 1;
  const bool found = load(found_in, 0) != 0, grows = !found && tracker == rules.interval;
  const float grown = static_cast<float>(static_cast<double>(scale) * rules.growth);
  const float larger = grows && isfinite(grown) ? grown : scale;
  const float smaller = static_cast<float>(static_cast<double>(scale) * rules.backoff);
  store(scale_out, 0, found ? smaller : larger);
  store(tracker_out, 0, found || grows ? 0 : tracker);
}

}  // namespace

void cast(const CudaContext& context, const OpCall& call, const Views& views) {
  if (call.inputs[0].dtype == DType::f64 || call.outputs[0].dtype == DType::f64) {
    launch(context, grid_for(context, elements(call)), cast_f64_kernel, elements(call), input(call, views, 0),
           output(call, views, 0));
  } else {
    map<1>(context, call, views, Same{});
  }
}

void copy(const CudaContext& context, const OpCall& call, const Views& views) {
  each_element(context, elements(call), Same{}, Refs<1>{input(call, views, 1)},
               Refs<1>{output(call, views, 0)});
}

void check_and_unscale(const CudaContext& context, const OpCall& call, const Views& views) {
  const std::size_t count = call.inputs.size() - 2;
  const Ref factor = input(call, views, count + 1), found = output(call, views, count);
  if (views.outputs[count] != views.inputs[count]) {
    each_element(context, 1, Same{}, Refs<1>{input(call, views, count)}, Refs<1>{found});
  }
  const auto operand = [&](std::size_t i) {
    return Chunked{input(call, views, i), output(call, views, i), call.inputs[i].shape.elements(), 0, 0};
  };
  in_chunks(count, operand, [&](const Batch<Chunked>& batch, Grid grid) {
    launch(context, grid, check_and_unscale_kernel, batch, factor, found);
  });
}

void update_scale(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [growth, backoff, interval] = call.numbers<3>();
  launch(context, {1, 1}, update_scale_kernel, ScaleRules{growth, backoff, static_cast<float>(interval)},
         input(call, views, 0), input(call, views, 1), input(call, views, 2), output(call, views, 0),
         output(call, views, 1));
}

}  // namespace memsweep::cuda
