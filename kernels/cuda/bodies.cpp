#include "kernels/cuda/bodies.h"

#include <array>

#include "kernels/cuda/declarations.h"

namespace memsweep {
namespace {

void nothing(const CudaContext&, const OpCall&, const Views&) {}

constexpr std::array<CudaBody, kOpCount> make_bodies() {
  struct Entry {
    Op op;
    CudaBody body;
  };
  constexpr Entry entries[] = {
      // adafactor.cu
      {Op::row_mean_squares, cuda::row_mean_squares},
      {Op::column_mean_squares, cuda::column_mean_squares},
      {Op::mean_at_least, cuda::mean_at_least},
      {Op::lerp_decayed, cuda::lerp_decayed},
      {Op::adafactor_direction, cuda::adafactor_direction},
      {Op::adafactor_step, cuda::adafactor_step},
      // attention.cu
      {Op::attention, cuda::attention},
      {Op::flash_attention, cuda::attention},
      {Op::attention_backward, cuda::attention_backward},
      {Op::flash_attention_backward, cuda::attention_backward},
      {Op::attention_delta, cuda::attention_delta},
      // batch_norm.cu
      {Op::batch_norm, cuda::batch_norm},
      {Op::batch_norm_frozen, cuda::batch_norm_frozen},
      {Op::batch_norm_backward, cuda::batch_norm_backward},
      {Op::batch_norm_sums, cuda::batch_norm_sums},
      {Op::batch_norm_elements, cuda::batch_norm_elements},
      // convolution.cu
      {Op::conv2d, cuda::conv2d},
      {Op::conv2d_backward_input, cuda::conv2d_backward_input},
      {Op::conv2d_backward_weight, cuda::conv2d_backward_weight},
      // elementwise.cu
      {Op::fill, cuda::fill},
      {Op::relu, cuda::relu},
      {Op::relu_backward, cuda::relu_backward},
      {Op::gelu, cuda::gelu},
      {Op::gelu_backward, cuda::gelu_backward},
      {Op::gelu_tanh, cuda::gelu_tanh},
      {Op::gelu_tanh_backward, cuda::gelu_tanh_backward},
      {Op::silu, cuda::silu},
      {Op::silu_backward, cuda::silu_backward},
      {Op::tanh, cuda::tanh},
      {Op::tanh_backward, cuda::tanh_backward},
      {Op::sigmoid, cuda::sigmoid},
      {Op::sigmoid_backward, cuda::sigmoid_backward},
      {Op::add, cuda::add},
      {Op::mul, cuda::mul},
      {Op::add_broadcast, cuda::add_broadcast},
      {Op::masked_fill, cuda::masked_fill},
      {Op::dropout_backward, cuda::dropout_backward},
      // embedding.cu
      {Op::embedding, cuda::embedding},
      {Op::embedding_backward, cuda::embedding_backward},
      // fused_optimizers.cu
      {Op::sgd_fused, cuda::sgd_fused},
      {Op::adam_fused, cuda::adam_fused},
      {Op::lion_fused, cuda::lion_fused},
      // gemm.cpp
      {Op::addmm, cuda::addmm},
      {Op::addmm_relu, cuda::addmm_relu},
      {Op::addmm_gelu_tanh, cuda::addmm_gelu_tanh},
      {Op::mm, cuda::mm},
      {Op::bmm, cuda::bmm},
      // heads.cu
      {Op::join_thirds, cuda::join_thirds},
      {Op::heads, cuda::heads},
      {Op::merge_heads, cuda::merge_heads},
      {Op::scale_third, cuda::scale_third},
      {Op::cast_third, cuda::cast_third},
      {Op::sum_heads, cuda::sum_heads},
      // images.cu
      {Op::sum_channels, cuda::sum_channels},
      {Op::max_pool, cuda::max_pool},
      {Op::max_pool_backward, cuda::max_pool_backward},
      {Op::mean_places, cuda::mean_places},
      {Op::mean_places_backward, cuda::mean_places_backward},
      // layer_norm.cu
      {Op::layer_norm, cuda::layer_norm},
      {Op::layer_norm_backward, cuda::layer_norm_backward},
      // norms.cu
      {Op::norm, cuda::norm},
      {Op::chunk_norms, cuda::chunk_norms},
      {Op::join_norms, cuda::join_norms},
      {Op::stack, cuda::stack},
      // optimizers.cu
      {Op::adam_denominator, cuda::adam_denominator},
      {Op::adam_divisor, cuda::adam_divisor},
      {Op::descend, cuda::descend},
      {Op::decayed_scale, cuda::decayed_scale},
      {Op::nadam_step, cuda::nadam_step},
      {Op::corrected, cuda::corrected},
      {Op::radam_scale, cuda::radam_scale},
      {Op::radam_factor, cuda::radam_factor},
      {Op::lion_direction, cuda::lion_direction},
      // precision.cu
      {Op::cast, cuda::cast},
      {Op::copy, cuda::copy},
      {Op::check_and_unscale, cuda::check_and_unscale},
      {Op::update_scale, cuda::update_scale},
      // quantise.cu
      {Op::code_book, cuda::code_book},
      {Op::quantise, cuda::quantise},
      {Op::dequantise, cuda::dequantise},
      {Op::adam8bit_fused, cuda::adam8bit_fused},
      // random.cu
      {Op::uniform, cuda::uniform},
      {Op::integers, cuda::integers},
      {Op::tokens, cuda::tokens},
      {Op::dropout, cuda::dropout},
      // reduce.cu
      {Op::sum_rows, cuda::sum_rows},
      {Op::sum_repeats, cuda::sum_repeats},
      // softmax.cu
      {Op::softmax, cuda::softmax},
      {Op::softmax_backward, cuda::softmax_backward},
      {Op::log_softmax, cuda::log_softmax},
      {Op::log_softmax_backward, cuda::log_softmax_backward},
      {Op::nll_loss, cuda::nll_loss},
      {Op::nll_loss_backward, cuda::nll_loss_backward},
      // tables.cu
      {Op::positions, cuda::positions},
      {Op::causal_mask, cuda::causal_mask},
      {Op::lower_triangle, cuda::lower_triangle},
      {Op::where, cuda::where},
      {Op::equals, cuda::equals},
      {Op::all_columns, cuda::all_columns},
      {Op::fill_rows, cuda::fill_rows},
      // vectors.cu
      {Op::clone, cuda::clone},
      {Op::transfer, cuda::clone},
      {Op::zeros_like, cuda::zeros_like},
      {Op::scale, cuda::scale},
      {Op::axpby, cuda::axpby},
      {Op::add_scaled, cuda::add_scaled},
      {Op::ema_square, cuda::ema_square},
      {Op::maximum, cuda::maximum},
      {Op::sqrt, cuda::sqrt},
      {Op::add_square, cuda::add_square},
      {Op::square, cuda::square},
      {Op::multiply, cuda::multiply},
      {Op::magnitude, cuda::magnitude},
      {Op::sqrt_sum, cuda::sqrt_sum},
      {Op::add_product, cuda::add_product},
      {Op::rescale, cuda::rescale},
      {Op::divide_by, cuda::divide_by},
      {Op::power, cuda::power},
      {Op::add_number, cuda::add_number},
      {Op::reciprocal, cuda::reciprocal},
      {Op::clamp_max, cuda::clamp_max},
      {Op::scale_by, cuda::scale_by},
      // nothing is computed
      {Op::empty, nothing},
      {Op::release, nothing},
      {Op::split_thirds, nothing},
  };
  std::array<CudaBody, kOpCount> bodies{};
  for (const auto& [op, body] : entries) bodies[static_cast<std::size_t>(op)] = body;
  return bodies;
}

constexpr auto kBodies = make_bodies();

}  // namespace

CudaBody cuda_body(Op op) { return kBodies[static_cast<std::size_t>(op)]; }

}  // namespace memsweep
