// Launches over many operands: kernels take as many as fit among their arguments, and are queued until all
// have had their turn.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/vector_loop.h"
#include "kernels/norm_chunks.h"

namespace memsweep::cuda {

/// Items `first` to `first` + `count`; arguments of a kernel have 4 KiB.
template <class Item>
struct Batch {
  static constexpr std::size_t kMost = 3584 / sizeof(Item);

  std::array<Item, kMost> items;
  unsigned count = 0;
  std::int64_t first = 0;
};

/// Calls queue(batch) for batches of item(i) for all i in [0, n).
template <class Item, class MakeItem, class Queue>
void in_batches(std::size_t n, const MakeItem& item, const Queue& queue) {
  for (std::size_t first = 0; first < n; first += Batch<Item>::kMost) {
    Batch<Item> batch;
    batch.first = static_cast<std::int64_t>(first);
    batch.count = static_cast<unsigned>(std::min(n - first, Batch<Item>::kMost));
    for (std::size_t i = 0; i < batch.count; ++i) batch.items[i] = item(first + i);
    queue(batch);
  }
}

/// An operand that blocks share, a chunk of kNormChunk elements each.
struct Chunked {
  Ref x, y;  // y: where each element's result goes, if it has one
  std::int64_t elements;
  std::int64_t place;        // of the first chunk, among the results of all chunks
  std::int64_t first_block;  // of the launch
};

struct Chunk {
  unsigned item;
  std::int64_t number, begin, end;  // in its operand
};

/// Which chunk is this block's.
__device__ inline Chunk chunk_of_block(const Batch<Chunked>& batch) {
  unsigned item = 0;
  while (item + 1 < batch.count && batch.items[item + 1].first_block <= blockIdx.x) ++item;
  const Chunked& operand = batch.items[item];
  const std::int64_t number = blockIdx.x - operand.first_block, begin = number * kNormChunk;
  return {item, number, begin, std::min(operand.elements, begin + kNormChunk)};
}

/// Calls queue(batch, grid) with a block for each chunk; operand(i) leaves first_block open.
template <class MakeOperand, class Queue>
void in_chunks(std::size_t n, const MakeOperand& operand, const Queue& queue) {
  in_batches<Chunked>(n, operand, [&](Batch<Chunked>& batch) {
    std::int64_t blocks = 0;
    for (std::size_t i = 0; i < batch.count; ++i) {
      batch.items[i].first_block = blocks;
      blocks += norm_chunks(batch.items[i].elements);
    }
    queue(batch, Grid{static_cast<unsigned>(blocks), kThreads});
  });
}

}  // namespace memsweep::cuda
