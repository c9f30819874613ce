// The bodies of the CPU, declared file by file.
#pragma once

#include "kernels/op.h"

namespace memsweep::cpu {

// random.cpp
void uniform(const OpCall& call, const Views& views);
void integers(const OpCall& call, const Views& views);
void tokens(const OpCall& call, const Views& views);
void dropout(const OpCall& call, const Views& views);
// gemm.cpp
void addmm(const OpCall& call, const Views& views);
void mm(const OpCall& call, const Views& views);
void bmm(const OpCall& call, const Views& views);
// fused_products.cpp
void addmm_relu(const OpCall& call, const Views& views);
void addmm_gelu_tanh(const OpCall& call, const Views& views);
// elementwise.cpp
void fill(const OpCall& call, const Views& views);
void relu(const OpCall& call, const Views& views);
void relu_backward(const OpCall& call, const Views& views);
void gelu(const OpCall& call, const Views& views);
void gelu_backward(const OpCall& call, const Views& views);
void gelu_tanh(const OpCall& call, const Views& views);
void gelu_tanh_backward(const OpCall& call, const Views& views);
void silu(const OpCall& call, const Views& views);
void silu_backward(const OpCall& call, const Views& views);
void tanh(const OpCall& call, const Views& views);
void tanh_backward(const OpCall& call, const Views& views);
void sigmoid(const OpCall& call, const Views& views);
void sigmoid_backward(const OpCall& call, const Views& views);
void add(const OpCall& call, const Views& views);
void mul(const OpCall& call, const Views& views);
void add_broadcast(const OpCall& call, const Views& views);
void masked_fill(const OpCall& call, const Views& views);
void dropout_backward(const OpCall& call, const Views& views);
// reduce.cpp
void layer_norm(const OpCall& call, const Views& views);
void layer_norm_backward(const OpCall& call, const Views& views);
void sum_rows(const OpCall& call, const Views& views);
void sum_repeats(const OpCall& call, const Views& views);
void softmax(const OpCall& call, const Views& views);
void softmax_backward(const OpCall& call, const Views& views);
void log_softmax(const OpCall& call, const Views& views);
void log_softmax_backward(const OpCall& call, const Views& views);
void nll_loss(const OpCall& call, const Views& views);
void nll_loss_backward(const OpCall& call, const Views& views);
// tables.cpp
void positions(const OpCall& call, const Views& views);
void causal_mask(const OpCall& call, const Views& views);
void lower_triangle(const OpCall& call, const Views& views);
void where(const OpCall& call, const Views& views);
void equals(const OpCall& call, const Views& views);
void all_columns(const OpCall& call, const Views& views);
void fill_rows(const OpCall& call, const Views& views);
void embedding(const OpCall& call, const Views& views);
void embedding_backward(const OpCall& call, const Views& views);
// heads.cpp
void join_thirds(const OpCall& call, const Views& views);
void heads(const OpCall& call, const Views& views);
void merge_heads(const OpCall& call, const Views& views);
void scale_third(const OpCall& call, const Views& views);
void cast_third(const OpCall& call, const Views& views);
void sum_heads(const OpCall& call, const Views& views);
// attention.cpp
void attention(const OpCall& call, const Views& views);
void attention_backward(const OpCall& call, const Views& views);
void attention_delta(const OpCall& call, const Views& views);
// convolution.cpp
void conv2d(const OpCall& call, const Views& views);
void conv2d_backward_input(const OpCall& call, const Views& views);
void conv2d_backward_weight(const OpCall& call, const Views& views);
// batch_norm.cpp
void batch_norm(const OpCall& call, const Views& views);
void batch_norm_frozen(const OpCall& call, const Views& views);
void batch_norm_backward(const OpCall& call, const Views& views);
void batch_norm_sums(const OpCall& call, const Views& views);
void batch_norm_elements(const OpCall& call, const Views& views);
// images.cpp
void sum_channels(const OpCall& call, const Views& views);
void mean_places(const OpCall& call, const Views& views);
void mean_places_backward(const OpCall& call, const Views& views);
void max_pool(const OpCall& call, const Views& views);
void max_pool_backward(const OpCall& call, const Views& views);
// vectors.cpp
void clone(const OpCall& call, const Views& views);
void zeros_like(const OpCall& call, const Views& views);
void scale(const OpCall& call, const Views& views);
void axpby(const OpCall& call, const Views& views);
void add_scaled(const OpCall& call, const Views& views);
void ema_square(const OpCall& call, const Views& views);
void maximum(const OpCall& call, const Views& views);
void sqrt(const OpCall& call, const Views& views);
void add_square(const OpCall& call, const Views& views);
void square(const OpCall& call, const Views& views);
void multiply(const OpCall& call, const Views& views);
void magnitude(const OpCall& call, const Views& views);
void sqrt_sum(const OpCall& call, const Views& views);
void add_product(const OpCall& call, const Views& views);
void rescale(const OpCall& call, const Views& views);
void divide_by(const OpCall& call, const Views& views);
void power(const OpCall& call, const Views& views);
void add_number(const OpCall& call, const Views& views);
void reciprocal(const OpCall& call, const Views& views);
void clamp_max(const OpCall& call, const Views& views);
void scale_by(const OpCall& call, const Views& views);
// optimizers.cpp
void adam_denominator(const OpCall& call, const Views& views);
void adam_divisor(const OpCall& call, const Views& views);
void descend(const OpCall& call, const Views& views);
void decayed_scale(const OpCall& call, const Views& views);
void nadam_step(const OpCall& call, const Views& views);
void corrected(const OpCall& call, const Views& views);
void radam_scale(const OpCall& call, const Views& views);
void radam_factor(const OpCall& call, const Views& views);
void lion_direction(const OpCall& call, const Views& views);
// fused_optimizers.cpp
void sgd_fused(const OpCall& call, const Views& views);
void adam_fused(const OpCall& call, const Views& views);
void lion_fused(const OpCall& call, const Views& views);
// adafactor.cpp
void row_mean_squares(const OpCall& call, const Views& views);
void column_mean_squares(const OpCall& call, const Views& views);
void mean_at_least(const OpCall& call, const Views& views);
void lerp_decayed(const OpCall& call, const Views& views);
void adafactor_direction(const OpCall& call, const Views& views);
void adafactor_step(const OpCall& call, const Views& views);
// quantise.cpp
void code_book(const OpCall& call, const Views& views);
void quantise(const OpCall& call, const Views& views);
void dequantise(const OpCall& call, const Views& views);
void adam8bit_fused(const OpCall& call, const Views& views);
// precision.cpp
void cast(const OpCall& call, const Views& views);
void copy(const OpCall& call, const Views& views);
void check_and_unscale(const OpCall& call, const Views& views);
void update_scale(const OpCall& call, const Views& views);
// norms.cpp
void norm(const OpCall& call, const Views& views);
void chunk_norms(const OpCall& call, const Views& views);
void join_norms(const OpCall& call, const Views& views);
void stack(const OpCall& call, const Views& views);

}  // namespace memsweep::cpu
