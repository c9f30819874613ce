#include "kernels/cpu/bodies.h"

#include <array>

#include "kernels/cpu/declarations.h"

namespace memsweep {
namespace {

void nothing(const OpCall&, const Views&) {}

constexpr std::array<Body, kOpCount> make_bodies() {
  struct Entry {
    Op op;
    Body body;
  };
  constexpr Entry entries[] = {
      {Op::uniform, cpu::uniform},
      {Op::integers, cpu::integers},
      {Op::fill, cpu::fill},
      {Op::addmm, cpu::addmm},
      {Op::mm, cpu::mm},
      {Op::relu, cpu::relu},
      {Op::relu_backward, cpu::relu_backward},
      {Op::gelu, cpu::gelu},
      {Op::gelu_backward, cpu::gelu_backward},
      {Op::gelu_tanh, cpu::gelu_tanh},
      {Op::gelu_tanh_backward, cpu::gelu_tanh_backward},
      {Op::silu, cpu::silu},
      {Op::silu_backward, cpu::silu_backward},
      {Op::tanh, cpu::tanh},
      {Op::tanh_backward, cpu::tanh_backward},
      {Op::sigmoid, cpu::sigmoid},
      {Op::sigmoid_backward, cpu::sigmoid_backward},
      {Op::add, cpu::add},
      {Op::dropout, cpu::dropout},
      {Op::dropout_backward, cpu::dropout_backward},
      {Op::layer_norm, cpu::layer_norm},
      {Op::layer_norm_backward, cpu::layer_norm_backward},
      {Op::sum_rows, cpu::sum_rows},
      {Op::log_softmax, cpu::log_softmax},
      {Op::log_softmax_backward, cpu::log_softmax_backward},
      {Op::nll_loss, cpu::nll_loss},
      {Op::nll_loss_backward, cpu::nll_loss_backward},
      {Op::clone, cpu::clone},
      {Op::transfer, cpu::clone},
      {Op::zeros_like, cpu::zeros_like},
      {Op::scale, cpu::scale},
      {Op::axpby, cpu::axpby},
      {Op::add_scaled, cpu::add_scaled},
      {Op::ema_square, cpu::ema_square},
      {Op::maximum, cpu::maximum},
      {Op::sqrt, cpu::sqrt},
      {Op::add_square, cpu::add_square},
      {Op::square, cpu::square},
      {Op::multiply, cpu::multiply},
      {Op::magnitude, cpu::magnitude},
      {Op::sqrt_sum, cpu::sqrt_sum},
      {Op::add_product, cpu::add_product},
      {Op::rescale, cpu::rescale},
      {Op::divide_by, cpu::divide_by},
      {Op::power, cpu::power},
      {Op::adam_denominator, cpu::adam_denominator},
      {Op::adam_divisor, cpu::adam_divisor},
      {Op::descend, cpu::descend},
      {Op::decayed_scale, cpu::decayed_scale},
      {Op::nadam_step, cpu::nadam_step},
      {Op::corrected, cpu::corrected},
      {Op::radam_scale, cpu::radam_scale},
      {Op::radam_factor, cpu::radam_factor},
      {Op::lion_direction, cpu::lion_direction},
      {Op::sgd_fused, cpu::sgd_fused},
      {Op::adam_fused, cpu::adam_fused},
      {Op::lion_fused, cpu::lion_fused},
      {Op::adam8bit_fused, cpu::adam8bit_fused},
      {Op::row_mean_squares, cpu::row_mean_squares},
      {Op::column_mean_squares, cpu::column_mean_squares},
      {Op::mean_at_least, cpu::mean_at_least},
      {Op::lerp_decayed, cpu::lerp_decayed},
      {Op::adafactor_direction, cpu::adafactor_direction},
      {Op::adafactor_step, cpu::adafactor_step},
      {Op::code_book, cpu::code_book},
      {Op::quantise, cpu::quantise},
      {Op::dequantise, cpu::dequantise},
      {Op::cast, cpu::cast},
      {Op::copy, cpu::copy},
      {Op::check_and_unscale, cpu::check_and_unscale},
      {Op::update_scale, cpu::update_scale},
      {Op::norm, cpu::norm},
      {Op::chunk_norms, cpu::chunk_norms},
      {Op::join_norms, cpu::join_norms},
      {Op::stack, cpu::stack},
      {Op::add_number, cpu::add_number},
      {Op::reciprocal, cpu::reciprocal},
      {Op::clamp_max, cpu::clamp_max},
      {Op::scale_by, cpu::scale_by},
      {Op::tokens, cpu::tokens},
      {Op::bmm, cpu::bmm},
      {Op::mul, cpu::mul},
      {Op::add_broadcast, cpu::add_broadcast},
      {Op::masked_fill, cpu::masked_fill},
      {Op::sum_repeats, cpu::sum_repeats},
      {Op::softmax, cpu::softmax},
      {Op::softmax_backward, cpu::softmax_backward},
      {Op::positions, cpu::positions},
      {Op::causal_mask, cpu::causal_mask},
      {Op::lower_triangle, cpu::lower_triangle},
      {Op::where, cpu::where},
      {Op::equals, cpu::equals},
      {Op::all_columns, cpu::all_columns},
      {Op::fill_rows, cpu::fill_rows},
      {Op::embedding, cpu::embedding},
      {Op::embedding_backward, cpu::embedding_backward},
      {Op::join_thirds, cpu::join_thirds},
      {Op::heads, cpu::heads},
      {Op::merge_heads, cpu::merge_heads},
      {Op::scale_third, cpu::scale_third},
      {Op::cast_third, cpu::cast_third},
      {Op::sum_heads, cpu::sum_heads},
      {Op::attention, cpu::attention},
      {Op::attention_backward, cpu::attention_backward},
      {Op::flash_attention, cpu::attention},
      {Op::flash_attention_backward, cpu::attention_backward},
      {Op::attention_delta, cpu::attention_delta},
      {Op::conv2d, cpu::conv2d},
      {Op::conv2d_backward_input, cpu::conv2d_backward_input},
      {Op::conv2d_backward_weight, cpu::conv2d_backward_weight},
      {Op::sum_channels, cpu::sum_channels},
      {Op::batch_norm, cpu::batch_norm},
      {Op::batch_norm_frozen, cpu::batch_norm_frozen},
      {Op::batch_norm_backward, cpu::batch_norm_backward},
      {Op::batch_norm_sums, cpu::batch_norm_sums},
      {Op::batch_norm_elements, cpu::batch_norm_elements},
      {Op::max_pool, cpu::max_pool},
      {Op::max_pool_backward, cpu::max_pool_backward},
      {Op::mean_places, cpu::mean_places},
      {Op::mean_places_backward, cpu::mean_places_backward},
      {Op::empty, nothing},
      {Op::split_thirds, nothing},
      {Op::release, nothing},
  };
  std::array<Body, kOpCount> bodies{};
  for (const auto& [op, body] : entries) bodies[static_cast<std::size_t>(op)] = body;
  return bodies;
}

constexpr auto kBodies = make_bodies();

}  // namespace

Body cpu_body(Op op) { return kBodies[static_cast<std::size_t>(op)]; }

}  // namespace memsweep
