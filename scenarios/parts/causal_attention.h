// Causal self-attention, by the ways in which PyTorch computes it.
#pragma once

#include <cstdint>
#include <string>

#include "harness/program/builder.h"

namespace memsweep {

enum class AttentionKind : std::uint8_t {
  unfused,    // softmax((q kT * scale) where not masked) v, op by op in Python
  math,       // what scaled_dot_product_attention does without a kernel of its own
  efficient,  // its memory-efficient kernel: nothing of the size of the scores is stored
  flash,      // its FlashAttention kernel, for 16 bit: likewise
};

struct CausalAttention {
  AttentionKind kind = AttentionKind::unfused;
  std::int64_t heads = 1;
  double dropout = 0;
  DType type = DType::f32;  // of queries, keys and values
  /// Whether the kernel's seed and offset are tensors of the device though nothing is dropped
  /// (PyTorch 2.15; recorded in tests/golden/pytorch).
  bool seed_tensors = false;
};

/// What the module's code holds as local variables until it returns.
struct Attended {
  BufferId weights;  // of the values; qkv itself where the code does not see them
  BufferId rows;     // [BT,C]
};

/// From packed rows qkv [BT,3C] of sequences of `length` tokens; `mask` is a causal mask of at least that
/// length. `layer` numbers the dropout masks.
[[nodiscard]] Attended attend(Builder& builder, const CausalAttention& attention, const std::string& name,
                              BufferId qkv, BufferId mask, std::int64_t length, int layer);

}  // namespace memsweep
