// One call of every op, for what must hold of all of them.
#pragma once

#include <vector>

#include "tests/kernels/operands.h"

namespace memsweep::testing {

/// Attention of rows that hold three heads, which `columns` must be a multiple of.
inline std::vector<Example> examples_of_attention(std::int64_t rows, std::int64_t columns) {
  const std::int64_t batch = rows % 3 == 0 ? 3 : 1, t = rows / batch, size = columns / 3;
  const auto length = static_cast<double>(t);
  const auto x = random_tensor({rows, columns}, 1), qkv = random_tensor({rows, 3 * columns}, 2);
  const auto q = random_tensor({batch, 3, t, size}, 3), scores = random_tensor({batch, 3, t, t}, 4);
  const auto lse = random_tensor({batch, 3, (t + 31) / 32 * 32}, 5, 0.5f, 5);
  const auto exact_lse = random_tensor({batch, 3, t}, 13, 0.5f, 5);
  const auto offset = random_targets(1, 9, 14), state = random_targets(2, 9, 15);
  const auto delta = random_tensor({batch, 3, t}, 6), scalar = random_tensor({}, 7);
  const auto truths = random_truths({t, t}, 8);
  const std::vector<double> attention{3, length, 0.5, 1, 2, 0, 1, 0};
  return {
      {Op::split_thirds, {}, {qkv}, {0}},
      {Op::join_thirds, {}, {x, q, x}},
      {Op::heads, {3, length, 1, 3}, {qkv}},
      {Op::merge_heads, {}, {q}},
      {Op::scale_third, {0.5, 1}, {qkv}},
      {Op::bmm, {0, 1, 3, length, 0, -1, 0}, {qkv, q}},
      {Op::bmm, {1, 0, 3, length, -1, 2, 0}, {scores, qkv}},
      {Op::attention, attention, {qkv}},
      {Op::attention_backward, attention, {x, qkv, x, lse, delta, x, x, x}, {5, 6, 7}},
      {Op::cast_third, {static_cast<double>(DType::f32), 2}, {qkv}},
      {Op::flash_attention, attention, {qkv}},
      {Op::flash_attention_backward,
       attention,
       {x, qkv, x, exact_lse, delta, x, x, x, state, offset},
       {5, 6, 7}},
      {Op::attention_delta, {3, length, 128}, {x, x}},
      {Op::sum_heads, {3}, {x}},
      {Op::causal_mask, {}, {}, {}, {{{t, t}, DType::boolean}}},
      {Op::lower_triangle, {}, {truths}},
      {Op::where, {}, {truths, scalar, random_tensor({}, 9)}},
      {Op::equals, {0}, {x}},
      {Op::all_columns, {}, {truths}},
      {Op::fill_rows, {}, {random_tensor({t, t}, 10), random_truths({t}, 11), scalar}, {0}},
      {Op::masked_fill, {0.5}, {scores, random_truths({t + 2, t + 2}, 12)}},
  };
}

/// Two images of three channels.
inline std::vector<Example> examples_of_images(std::int64_t height, std::int64_t width) {
  const auto x = random_tensor({2, 3, height, width}, 1), grad = random_tensor({2, 4, height, width}, 2);
  const auto w = random_tensor({4, 3, 3, 3}, 3), bias = random_tensor({4}, 4);
  const Tensor columns(TensorType{{27, height * width}, DType::f32});
  const auto high = static_cast<double>(height), wide = static_cast<double>(width);
  const auto pooled = run({Op::max_pool, {2, 2, 0}, {x}}), halved = run({Op::conv2d, {2, 1}, {x, w}});
  return {
      {Op::conv2d, {1, 1}, {x, w}},
      {Op::conv2d, {1, 1}, {x, w, bias}},
      {Op::conv2d, {2, 1}, {x, w}},
      {Op::conv2d_backward_input, {1, 1, high, wide}, {grad, w}},
      {Op::conv2d_backward_input, {2, 1, high, wide}, {halved[0], w}},
      {Op::conv2d_backward_weight, {3, 1, 1}, {grad, x}},
      {Op::conv2d_backward_weight, {3, 1, 1}, {grad, x, columns}},
      {Op::conv2d_backward_weight, {3, 2, 1}, {halved[0], x}},
      {Op::sum_channels, {}, {x}},
      {Op::mean_places, {}, {x}},
      {Op::mean_places_backward, {high, wide}, {random_tensor({2, 3}, 5)}},
      {Op::max_pool, {2, 2, 0}, {x}},
      {Op::max_pool, {3, 2, 1}, {x}},
      {Op::max_pool_backward, {high, wide}, {pooled[0], pooled[1]}},
  };
}

/// Of images of three channels, and of rows.
inline std::vector<Example> examples_of_batch_norms(std::int64_t height, std::int64_t width) {
  const std::vector<std::int64_t> steps{7};
  std::vector<Example> list;
  for (const Shape& shape : {Shape{2, 3, height, width}, Shape{height, width}}) {
    const auto x = random_tensor(shape, 1), grad = random_tensor(shape, 2);
    const auto v = random_tensor({shape[1]}, 5, 0.5f, 1);
    list.push_back({Op::batch_norm, {1e-5, 0.1}, {x, v, v, v, v, Tensor(Shape{}, steps)}});
    list.push_back({Op::batch_norm_frozen, {1e-5}, {x, v, v, v, v}});
    list.push_back({Op::batch_norm_backward, {1}, {grad, x, v, v, v}});
  }
  const auto x = random_tensor({height, width}, 1), grad = random_tensor({height, width}, 2);
  const auto v = random_tensor({width}, 5, 0.5f, 1);
  list.push_back({Op::batch_norm_sums, {}, {grad, x, v, v, v}});
  list.push_back({Op::batch_norm_elements, {1}, {grad, x, v, v, v, v, v}});
  return list;
}

inline std::vector<Example> examples_of_every_op(std::int64_t rows, std::int64_t columns) {
  const Shape shape{rows, columns};
  const TensorType values{shape, DType::f32}, targets{{rows}, DType::i64};
  const auto x = random_tensor(shape, 1), y = random_tensor(shape, 2),
             positive = random_tensor(shape, 3, 0.5f, 1);
  const auto w = random_tensor({columns}, 4), bias = random_tensor({columns}, 5);
  const auto square = random_tensor({columns, columns}, 6);
  const auto per_row = random_tensor({rows}, 7, 0.5f, 1), scalar = random_tensor({}, 8, 0.5f, 1);
  const auto target = random_targets(rows, columns, 9);
  const auto per_row_column = random_tensor({rows, 1}, 10, 0.5f, 1);
  const auto signed_book = run({Op::code_book, {1}, {}})[0], unsigned_book = run({Op::code_book, {0}, {}})[0];
  const auto m = run({Op::quantise, {}, {x, signed_book}}),
             v = run({Op::quantise, {}, {positive, unsigned_book}});
  const Tensor mask = run({Op::dropout, {0.5, 1, 2, 0, 1, 0}, {x}})[0];

  std::vector<Example> list{
      {Op::uniform, {1, 2, 0, 1, 0, 0.5, 0}, {}, {}, {values}},
      {Op::integers, {1, 2, 0, 1, 0, 10}, {}, {}, {targets}},
      {Op::fill, {0.5}, {}, {}, {values}},
      {Op::addmm, {}, {x, square, bias}},
      {Op::addmm_relu, {}, {x, square, bias}},
      {Op::addmm_gelu_tanh, {0}, {x, square, bias}},
      {Op::addmm_gelu_tanh, {1}, {x, square, bias}},
      {Op::mm, {0, 0}, {x, square}},
      {Op::mm, {1, 0}, {x, y}},
      {Op::tokens, {1, 2, 0, 1, 0, 10, 1}, {}, {}, {{shape, DType::i64}}},
      {Op::positions, {}, {}, {}, {targets}},
      {Op::empty, {}, {}, {}, {values}},
      {Op::embedding, {static_cast<double>(rows), 0}, {square, target}},
      {Op::embedding_backward, {static_cast<double>(columns), 0}, {x, target}},
      {Op::sum_repeats, {1}, {x}},
      {Op::softmax, {}, {x}},
      {Op::softmax_backward, {}, {y, positive}},
      {Op::add, {}, {x, y}},
      {Op::mul, {}, {x, y}},
      {Op::add_broadcast, {}, {x, random_tensor({1, columns}, 10)}, {0}},
      {Op::dropout, {0.5, 1, 2, 0, 1, 0}, {x}},
      {Op::dropout_backward, {0.5}, {x, mask}},
      {Op::layer_norm, {1e-5}, {x, w, bias}},
      {Op::layer_norm_backward, {}, {y, x, per_row, per_row, w}},
      {Op::sum_rows, {}, {x}},
      {Op::log_softmax, {}, {x}},
      {Op::log_softmax_backward, {}, {x, y}},
      {Op::nll_loss, {}, {x, target}},
      {Op::nll_loss_backward, {}, {scalar, x, target, scalar}},
      {Op::clone, {}, {x}},
      {Op::zeros_like, {}, {x}},
      {Op::scale, {0.9}, {x}, {0}},
      {Op::axpby, {0.9, 0.1}, {x, y}, {0}},
      {Op::add_scaled, {0.1}, {x, y}},
      {Op::ema_square, {0.999}, {positive, y}, {0}},
      {Op::maximum, {}, {x, y}, {0}},
      {Op::sqrt, {}, {positive}},
      {Op::add_square, {-1}, {positive, y}, {0}},
      {Op::square, {}, {x}},
      {Op::multiply, {}, {x, y}},
      {Op::magnitude, {1e-8}, {x}},
      {Op::sqrt_sum, {1e-6}, {positive}},
      {Op::add_product, {}, {x, y, positive}, {0}},
      {Op::rescale, {}, {x, positive, y}, {0}},
      {Op::divide_by, {}, {x, scalar}, {0}},
      {Op::power, {0.9}, {scalar}},
      {Op::adam_denominator, {0.999, 1e-8}, {positive}},
      {Op::adam_divisor, {0.999, 1e-8}, {positive}},
      {Op::descend, {1e-3, 0.9, 0.1}, {x, y, positive}, {0}},
      {Op::decayed_scale, {-1e-3, 0.1}, {x}},
      {Op::nadam_step, {1e-3, 0.9, 4e-3, 0}, {x, y, positive}, {0}},
      {Op::nadam_step, {1e-3, 0.9, 4e-3, 1}, {x, y, positive}, {0}},
      {Op::radam_factor, {1e-3, 0.9, 0.999, 1e-8}, {positive}},
      {Op::corrected, {0.9}, {x}},
      {Op::radam_scale, {0.999, 0}, {x}},
      {Op::radam_scale, {0.9, 1}, {x}},
      {Op::lion_direction, {0.9}, {x, y}},
      {Op::sgd_fused, {1e-3, 0, 0, 0, 0.1, 0}, {x, y}, {0}},
      {Op::sgd_fused, {1e-3, 0.9, 0.1, 0, 0.1, 0}, {x, y}, {0}},
      {Op::sgd_fused, {1e-3, 0.9, 0, 1, 0.1, 0}, {x, y, positive}, {0, 2}},
      {Op::adam_fused, {1e-3, 0.9, 0.999, 1e-8, 0.01, 0, 1, 0}, {x, y, positive, y, scalar}, {0, 1, 2, 4}},
      {Op::adam_fused,
       {1e-3, 0.9, 0.999, 1e-8, 0.01, 1, 0, 1},
       {x, y, positive, positive, y, scalar},
       {0, 1, 2, 3, 5}},
      {Op::lion_fused, {1e-3, 0.9, 0.99, 0.1}, {x, y, positive}, {0, 1}},
      {Op::adam8bit_fused, {1e-3, 0.9, 0.999, 1e-8, 0.1}, {x, y, signed_book, unsigned_book}, {0}},
      {Op::adam8bit_fused,
       {1e-3, 0.9, 0.999, 1e-8, 0.1},
       {x, y, signed_book, unsigned_book, m[0], v[0], m[1], v[1]},
       {0, 4, 5, 6, 7}},
      {Op::row_mean_squares, {}, {x}},
      {Op::column_mean_squares, {}, {x}},
      {Op::mean_at_least, {1e-7}, {per_row_column}},
      {Op::lerp_decayed, {-0.8}, {x, y}, {0}},
      {Op::adafactor_direction, {1e-7}, {positive, y}, {0}},
      {Op::adafactor_step, {1e-2, 1e-3, 1, 0.1}, {x, y}, {0}},
      {Op::code_book, {1}, {}},
      {Op::quantise, {}, {x, signed_book}},
      {Op::dequantise, {}, {m[0], m[1], signed_book}},
      {Op::cast, {kF32}, {x}},
      {Op::cast, {kBf16}, {x}},
      {Op::copy, {}, {x, y}, {0}},
      {Op::transfer, {}, {x}},
      {Op::check_and_unscale, {}, {x, y, scalar, scalar}, {0, 1, 2}},
      {Op::update_scale, {2, 0.5, 5}, {scalar, scalar, scalar}, {0, 1}},
      {Op::norm, {2}, {x}},
      {Op::chunk_norms, {2, 0}, {x, w}},
      {Op::chunk_norms, {2, 1}, {x, w}},
      {Op::join_norms, {2, kF32}, {positive}},
      {Op::stack, {}, {scalar, scalar}},
      {Op::add_number, {1e-6}, {x}},
      {Op::reciprocal, {}, {positive}},
      {Op::clamp_max, {0.1}, {x}},
      {Op::scale_by, {}, {x, scalar}, {0}},
      {Op::release, {}, {x}},
  };
  for (auto* examples : {examples_of_attention, examples_of_images, examples_of_batch_norms}) {
    const auto more = examples(rows, columns);
    list.insert(list.end(), more.begin(), more.end());
  }
  for (const Op op : {Op::relu, Op::gelu, Op::gelu_tanh, Op::silu, Op::tanh, Op::sigmoid}) {
    const Op backward = static_cast<Op>(static_cast<int>(op) + 1);
    list.push_back({op, {}, {x}});
    list.push_back({backward, {}, {y, x}});
  }
  return list;
}

}  // namespace memsweep::testing
