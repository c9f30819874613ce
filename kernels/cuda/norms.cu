// Norms of one vector, and of many at once, in an order that sizes and the borrowed memory alone decide.
#include <cmath>

#include "kernels/cuda/batch.h"
#include "kernels/cuda/declarations.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/work_area.h"

namespace memsweep::cuda {
namespace {

/// What a p-norm adds up, |x|^p, or for an infinite p keeps, the largest |x|; and how parts become a norm.
struct Powers {
  static constexpr float kNone = 0;

  float p;

  __device__ float of(float x) const {
    const float a = fabsf(x);
    if (p == 2) return a * a;
    return p == 1 || isinf(p) ? a : powf(a, p);
  }

  __device__ float operator()(float a, float b) const { return isinf(p) ? Largest{}(a, b) : a + b; }

  __device__ float root(float joined) const {
    if (p == 2) return sqrtf(joined);
    return p == 1 || isinf(p) ? joined : powf(joined, 1 / p);
  }

  __device__ float join(float joined, const float (&values)[kVector]) const {
    for (const float value : values) joined = (*this)(joined, of(value));
    return joined;
  }
};

/// A part for each block.
__global__ void partial_norm_kernel(std::int64_t n, Powers powers, Ref x, Ref parts) {
  float mine = Powers::kNone;
  for_each_vector_in_grid(n, [&](std::int64_t i, int count) {
    float values[kVector];
    load_vector(x, i, count, values);
    mine = powers.join(mine, values);
  });
  mine = over_block(mine, powers);
  if (threadIdx.x == 0) store(parts, blockIdx.x, mine);
}

/// One block.
__global__ void norm_of_parts_kernel(std::int64_t n, Powers powers, Ref parts, Ref norm) {
  const float joined = over_row(n, powers, [&](std::int64_t i) { return load(parts, i); });
  if (threadIdx.x == 0) store(norm, 0, powers.root(joined));
}

/// One block.
__global__ void norm_kernel(std::int64_t n, Powers powers, Ref x, Ref norm) {
  const float joined = over_row(n, powers, [&](std::int64_t i) { return powers.of(load(x, i)); });
  if (threadIdx.x == 0) store(norm, 0, powers.root(joined));
}

/// `first_chunk` is where the operands' chunks begin and end, if that is wanted.
__global__ void chunk_norms_kernel(Batch<Chunked> batch, Powers powers, float* partial,
                                   std::int64_t* first_chunk) {
  const Chunk chunk = chunk_of_block(batch);
  const Chunked& operand = batch.items[chunk.item];
  float mine = Powers::kNone;
  for_each_vector_in_block(chunk.begin, chunk.end, [&](std::int64_t i, int count) {
    float values[kVector];
    load_vector(operand.x, i, count, values);
    mine = powers.join(mine, values);
  });
  mine = over_block(mine, powers);
  if (threadIdx.x != 0) return;
  partial[operand.place + chunk.number] = mine;
  if (first_chunk == nullptr || chunk.number != 0) return;
  first_chunk[batch.first + chunk.item] = operand.place;
  first_chunk[batch.first + chunk.item + 1] = operand.place + norm_chunks(operand.elements);
}

/// A block for each operand, whose partial results are those from first_chunk[i] on, or without that
/// `chunks` each.
__global__ void join_norms_kernel(Batch<Ref> norms, Powers powers, const float* partial,
                                  const std::int64_t* first_chunk, std::int64_t chunks) {
  const std::int64_t i = norms.first + blockIdx.x;
  const std::int64_t begin = first_chunk != nullptr ? first_chunk[i] : i * chunks;
  const std::int64_t end = first_chunk != nullptr ? first_chunk[i + 1] : begin + chunks;
  const float joined = over_row(end - begin, powers, [&](std::int64_t c) { return partial[begin + c]; });
  if (threadIdx.x == 0) store(norms.items[blockIdx.x], 0, powers.root(joined));
}

/// One block.
__global__ void stack_kernel(Batch<Ref> scalars, Ref y) {
  for_each_column(scalars.count,
                  [&](std::int64_t i) { store(y, scalars.first + i, load(scalars.items[i], 0)); });
}

}  // namespace

void norm(const CudaContext& context, const OpCall& call, const Views& views) {
  constexpr std::int64_t kLeastEach = std::int64_t{kThreads} * kVector;  // elements of a part
  const Powers powers{static_cast<float>(call.numbers<1>()[0])};
  const std::int64_t n = call.inputs[0].shape.elements();
  const Ref x = input(call, views, 0), y = output(call, views, 0);
  const WorkArea work = borrowed(views, 0);
  const std::int64_t parts =
      std::min((n + kLeastEach - 1) / kLeastEach, static_cast<std::int64_t>(work.bytes / sizeof(float)));
  if (parts < 2) {
    launch(context, {1, 1024}, norm_kernel, n, powers, x, y);
    return;
  }
  const Ref partial = ref_of(work.data, DType::f32);
  launch(context, {static_cast<unsigned>(parts), kThreads}, partial_norm_kernel, n, powers, x, partial);
  launch(context, {1, kThreads}, norm_of_parts_kernel, parts, powers, partial, y);
}

void chunk_norms(const CudaContext& context, const OpCall& call, const Views& views) {
  const auto [p, packed] = call.numbers<2>();
  const Powers powers{static_cast<float>(p)};
  const TensorType& results = call.outputs.back();
  auto* partial = static_cast<float*>(views.outputs.back());
  auto* first_chunk = packed != 0 ? output_at<std::int64_t>(views, 0) : nullptr;
  check(cudaMemsetAsync(partial, 0, results.bytes(), context.stream), "cudaMemsetAsync");
  std::int64_t next = 0;
  const auto operand = [&](std::size_t i) {
    const std::int64_t n = call.inputs[i].shape.elements();
    const Chunked chunked{input(call, views, i), {}, n, next, 0};
    next += packed != 0 ? norm_chunks(n) : results.shape[1];
    return chunked;
  };
  in_chunks(call.inputs.size(), operand, [&](const Batch<Chunked>& batch, Grid grid) {
    launch(context, grid, chunk_norms_kernel, batch, powers, partial, first_chunk);
  });
}

void join_norms(const CudaContext& context, const OpCall& call, const Views& views) {
  const Powers powers{static_cast<float>(call.numbers<2>()[0])};
  const bool packed = call.inputs.size() == 2;
  const float* partial = input_at<float>(views, packed ? 1 : 0);
  const auto* first_chunk = packed ? input_at<std::int64_t>(views, 0) : nullptr;
  in_batches<Ref>(
      call.outputs.size(), [&](std::size_t i) { return output(call, views, i); },
      [&](const Batch<Ref>& norms) {
        launch(context, {norms.count, kThreads}, join_norms_kernel, norms, powers, partial, first_chunk,
               packed ? 0 : call.inputs[0].shape[1]);
      });
}

void stack(const CudaContext& context, const OpCall& call, const Views& views) {
  in_batches<Ref>(
      call.inputs.size(), [&](std::size_t i) { return input(call, views, i); },
      [&](const Batch<Ref>& scalars) {
        launch(context, {1, kThreads}, stack_kernel, scalars, output(call, views, 0));
      });
}

}  // namespace memsweep::cuda
