// The bodies of a GPU, declared file by file.
#pragma once

#include "kernels/cuda/bodies.h"

namespace memsweep::cuda {

// adafactor.cu
void row_mean_squares(const CudaContext& context, const OpCall& call, const Views& views);
void column_mean_squares(const CudaContext& context, const OpCall& call, const Views& views);
void mean_at_least(const CudaContext& context, const OpCall& call, const Views& views);
void lerp_decayed(const CudaContext& context, const OpCall& call, const Views& views);
void adafactor_direction(const CudaContext& context, const OpCall& call, const Views& views);
void adafactor_step(const CudaContext& context, const OpCall& call, const Views& views);
// attention.cu
void attention(const CudaContext& context, const OpCall& call, const Views& views);
void attention_backward(const CudaContext& context, const OpCall& call, const Views& views);
void attention_delta(const CudaContext& context, const OpCall& call, const Views& views);
// batch_norm.cu
void batch_norm(const CudaContext& context, const OpCall& call, const Views& views);
void batch_norm_frozen(const CudaContext& context, const OpCall& call, const Views& views);
void batch_norm_backward(const CudaContext& context, const OpCall& call, const Views& views);
void batch_norm_sums(const CudaContext& context, const OpCall& call, const Views& views);
void batch_norm_elements(const CudaContext& context, const OpCall& call, const Views& views);
// convolution.cu
void conv2d(const CudaContext& context, const OpCall& call, const Views& views);
void conv2d_backward_input(const CudaContext& context, const OpCall& call, const Views& views);
void conv2d_backward_weight(const CudaContext& context, const OpCall& call, const Views& views);
// elementwise.cu
void fill(const CudaContext& context, const OpCall& call, const Views& views);
void relu(const CudaContext& context, const OpCall& call, const Views& views);
void relu_backward(const CudaContext& context, const OpCall& call, const Views& views);
void gelu(const CudaContext& context, const OpCall& call, const Views& views);
void gelu_backward(const CudaContext& context, const OpCall& call, const Views& views);
void gelu_tanh(const CudaContext& context, const OpCall& call, const Views& views);
void gelu_tanh_backward(const CudaContext& context, const OpCall& call, const Views& views);
void silu(const CudaContext& context, const OpCall& call, const Views& views);
void silu_backward(const CudaContext& context, const OpCall& call, const Views& views);
void tanh(const CudaContext& context, const OpCall& call, const Views& views);
void tanh_backward(const CudaContext& context, const OpCall& call, const Views& views);
void sigmoid(const CudaContext& context, const OpCall& call, const Views& views);
void sigmoid_backward(const CudaContext& context, const OpCall& call, const Views& views);
void add(const CudaContext& context, const OpCall& call, const Views& views);
void mul(const CudaContext& context, const OpCall& call, const Views& views);
void add_broadcast(const CudaContext& context, const OpCall& call, const Views& views);
void masked_fill(const CudaContext& context, const OpCall& call, const Views& views);
void dropout_backward(const CudaContext& context, const OpCall& call, const Views& views);
// embedding.cu
void embedding(const CudaContext& context, const OpCall& call, const Views& views);
void embedding_backward(const CudaContext& context, const OpCall& call, const Views& views);
// fused_optimizers.cu
void sgd_fused(const CudaContext& context, const OpCall& call, const Views& views);
void adam_fused(const CudaContext& context, const OpCall& call, const Views& views);
void lion_fused(const CudaContext& context, const OpCall& call, const Views& views);
// gemm.cpp
void addmm(const CudaContext& context, const OpCall& call, const Views& views);
void addmm_relu(const CudaContext& context, const OpCall& call, const Views& views);
void addmm_gelu_tanh(const CudaContext& context, const OpCall& call, const Views& views);
void mm(const CudaContext& context, const OpCall& call, const Views& views);
void bmm(const CudaContext& context, const OpCall& call, const Views& views);
// heads.cu
void join_thirds(const CudaContext& context, const OpCall& call, const Views& views);
void heads(const CudaContext& context, const OpCall& call, const Views& views);
void merge_heads(const CudaContext& context, const OpCall& call, const Views& views);
void scale_third(const CudaContext& context, const OpCall& call, const Views& views);
void cast_third(const CudaContext& context, const OpCall& call, const Views& views);
void sum_heads(const CudaContext& context, const OpCall& call, const Views& views);
// images.cu
void sum_channels(const CudaContext& context, const OpCall& call, const Views& views);
void max_pool(const CudaContext& context, const OpCall& call, const Views& views);
void max_pool_backward(const CudaContext& context, const OpCall& call, const Views& views);
void mean_places(const CudaContext& context, const OpCall& call, const Views& views);
void mean_places_backward(const CudaContext& context, const OpCall& call, const Views& views);
// layer_norm.cu
void layer_norm(const CudaContext& context, const OpCall& call, const Views& views);
void layer_norm_backward(const CudaContext& context, const OpCall& call, const Views& views);
// norms.cu
void norm(const CudaContext& context, const OpCall& call, const Views& views);
void chunk_norms(const CudaContext& context, const OpCall& call, const Views& views);
void join_norms(const CudaContext& context, const OpCall& call, const Views& views);
void stack(const CudaContext& context, const OpCall& call, const Views& views);
// optimizers.cu
void adam_denominator(const CudaContext& context, const OpCall& call, const Views& views);
void adam_divisor(const CudaContext& context, const OpCall& call, const Views& views);
void descend(const CudaContext& context, const OpCall& call, const Views& views);
void decayed_scale(const CudaContext& context, const OpCall& call, const Views& views);
void nadam_step(const CudaContext& context, const OpCall& call, const Views& views);
void corrected(const CudaContext& context, const OpCall& call, const Views& views);
void radam_scale(const CudaContext& context, const OpCall& call, const Views& views);
void radam_factor(const CudaContext& context, const OpCall& call, const Views& views);
void lion_direction(const CudaContext& context, const OpCall& call, const Views& views);
// precision.cu
void cast(const CudaContext& context, const OpCall& call, const Views& views);
void copy(const CudaContext& context, const OpCall& call, const Views& views);
void check_and_unscale(const CudaContext& context, const OpCall& call, const Views& views);
void update_scale(const CudaContext& context, const OpCall& call, const Views& views);
// quantise.cu
void code_book(const CudaContext& context, const OpCall& call, const Views& views);
void quantise(const CudaContext& context, const OpCall& call, const Views& views);
void dequantise(const CudaContext& context, const OpCall& call, const Views& views);
void adam8bit_fused(const CudaContext& context, const OpCall& call, const Views& views);
// random.cu
void uniform(const CudaContext& context, const OpCall& call, const Views& views);
void integers(const CudaContext& context, const OpCall& call, const Views& views);
void tokens(const CudaContext& context, const OpCall& call, const Views& views);
void dropout(const CudaContext& context, const OpCall& call, const Views& views);
// reduce.cu
void sum_rows(const CudaContext& context, const OpCall& call, const Views& views);
void sum_repeats(const CudaContext& context, const OpCall& call, const Views& views);
// softmax.cu
void softmax(const CudaContext& context, const OpCall& call, const Views& views);
void softmax_backward(const CudaContext& context, const OpCall& call, const Views& views);
void log_softmax(const CudaContext& context, const OpCall& call, const Views& views);
void log_softmax_backward(const CudaContext& context, const OpCall& call, const Views& views);
void nll_loss(const CudaContext& context, const OpCall& call, const Views& views);
void nll_loss_backward(const CudaContext& context, const OpCall& call, const Views& views);
// tables.cu
void positions(const CudaContext& context, const OpCall& call, const Views& views);
void causal_mask(const CudaContext& context, const OpCall& call, const Views& views);
void lower_triangle(const CudaContext& context, const OpCall& call, const Views& views);
void where(const CudaContext& context, const OpCall& call, const Views& views);
void equals(const CudaContext& context, const OpCall& call, const Views& views);
void all_columns(const CudaContext& context, const OpCall& call, const Views& views);
void fill_rows(const CudaContext& context, const OpCall& call, const Views& views);
// vectors.cu
void clone(const CudaContext& context, const OpCall& call, const Views& views);
void zeros_like(const CudaContext& context, const OpCall& call, const Views& views);
void scale(const CudaContext& context, const OpCall& call, const Views& views);
void axpby(const CudaContext& context, const OpCall& call, const Views& views);
void add_scaled(const CudaContext& context, const OpCall& call, const Views& views);
void ema_square(const CudaContext& context, const OpCall& call, const Views& views);
void maximum(const CudaContext& context, const OpCall& call, const Views& views);
void sqrt(const CudaContext& context, const OpCall& call, const Views& views);
void add_square(const CudaContext& context, const OpCall& call, const Views& views);
void square(const CudaContext& context, const OpCall& call, const Views& views);
void multiply(const CudaContext& context, const OpCall& call, const Views& views);
void magnitude(const CudaContext& context, const OpCall& call, const Views& views);
void sqrt_sum(const CudaContext& context, const OpCall& call, const Views& views);
void add_product(const CudaContext& context, const OpCall& call, const Views& views);
void rescale(const CudaContext& context, const OpCall& call, const Views& views);
void divide_by(const CudaContext& context, const OpCall& call, const Views& views);
void power(const CudaContext& context, const OpCall& call, const Views& views);
void add_number(const CudaContext& context, const OpCall& call, const Views& views);
void reciprocal(const CudaContext& context, const OpCall& call, const Views& views);
void clamp_max(const CudaContext& context, const OpCall& call, const Views& views);
void scale_by(const CudaContext& context, const OpCall& call, const Views& views);

}  // namespace memsweep::cuda
