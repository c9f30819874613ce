#include "scenarios/parts/causal_attention.h"

#include <cmath>
#include <limits>

namespace memsweep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kQueries = 0, kKeys = 1, kValues = 2, kWhole = -1;

class Writer {
 public:
  Writer(Builder& builder, const CausalAttention& attention, const std::string& name, BufferId qkv,
         std::int64_t length, int layer)
      : b_(builder), attention_(attention), name_(name + "."), qkv_(qkv), length_(length), layer_(layer) {
    const Shape& packed = b_.shape(qkv);
    batch_ = packed[0] / length;
    scale_ = 1 / std::sqrt(static_cast<double>(packed[1] / 3 / attention.heads));
  }

  Attended unfused(BufferId mask) {
    const Operand q = head_major("q", kQueries), k = head_major("k", kKeys);
    BufferId a = b_.apply(name_ + "scaled", Op::scale, {product("scores", q, k, true)}, {scale_});
    a = b_.apply(name_ + "masked", Op::masked_fill, {a, mask}, {-kInfinity});
    a = dropped(b_.apply(name_ + "weights", Op::softmax, {a}));
    return {a, rows(weighted_values(a))};
  }

  /// Both factors are scaled, the mask is added, and rows that see nothing are cleared.
  Attended math() {
    const double root = std::sqrt(scale_);
    const BufferId q = scaled_third("q", kQueries, root);
    const BufferId bias = causal_bias();
    const BufferId k = scaled_third("k", kKeys, root);
    const Operand left = rows_head_major("q", q), right = rows_head_major("k", k);
    const BufferId scores = product("scores", left, right, true);
    b_.release({k});
    b_.apply_in_place(Op::add_broadcast, {scores, bias});
    const BufferId a = dropped(safe_softmax(scores));
    const BufferId y = weighted_values(a);
    b_.release({q, bias});
    return {qkv_, rows(y)};
  }

  Attended efficient() {
    std::vector<BufferId> inputs{qkv_};
    if (attention_.seed_tensors && attention_.dropout == 0) {
      for (const char* each : {"seed", "offset"})
        inputs.push_back(b_.make(name_ + each, {{}, DType::i64}, Op::empty));
    }
    std::vector<double> numbers{heads(), length()};
    const auto drawn = b_.dropout_attributes(attention_.dropout, layer_);
    numbers.insert(numbers.end(), drawn.begin(), drawn.end());
    return {qkv_, b_.apply(name_ + "y", Op::attention, std::move(inputs), std::move(numbers))};
  }

 private:
  /// A factor of a product: a tensor, or a third of one that is read where it lies.
  struct Operand {
    BufferId id;
    double third = kWhole;
  };

  [[nodiscard]] double heads() const { return static_cast<double>(attention_.heads); }
  [[nodiscard]] double length() const { return static_cast<double>(length_); }
  /// One matrix a head needs a copy where batch and heads are not one stride apart.
  [[nodiscard]] bool strides_need_copy() const { return batch_ > 1 && attention_.heads > 1; }

  Operand head_major(const char* what, double third) {
    if (!strides_need_copy()) return {qkv_, third};
    return {b_.apply(name_ + what, Op::heads, {qkv_}, {heads(), length(), third, 3})};
  }

  Operand rows_head_major(const char* what, BufferId rows) {
    if (!strides_need_copy() || length_ == 1) return {rows};
    return {b_.apply(name_ + what, Op::heads, {rows}, {heads(), length(), 0, 1})};
  }

  BufferId scaled_third(const char* what, double third, double factor) {
    return b_.apply(name_ + "scaled " + what, Op::scale_third, {qkv_}, {factor, third});
  }

  BufferId product(const char* what, Operand a, Operand b, bool transpose_b, bool as_rows = false) {
    const BufferId result =
        b_.apply(name_ + what, Op::bmm, {a.id, b.id},
                 {0, transpose_b ? 1.0 : 0.0, heads(), length(), a.third, b.third, as_rows ? 1.0 : 0.0});
    b_.release({b.id, a.id});  // variables of a C++ function: the last one dies first
    return result;
  }

  [[nodiscard]] bool lies_as_rows() const { return attention_.heads == 1 || length_ == 1; }

  BufferId weighted_values(BufferId weights) {
    return product("y", {weights}, head_major("v", kValues), false, lies_as_rows());
  }

  BufferId rows(BufferId y) { return lies_as_rows() ? y : b_.apply(name_ + "rows", Op::merge_heads, {y}); }

  BufferId dropped(BufferId weights) {
    if (attention_.dropout == 0) return weights;
    return b_.dropout(name_ + "dropout", weights, attention_.dropout, layer_);
  }

  /// 0 up to the diagonal and -infinity above.
  BufferId causal_bias() {
    const BufferId ones = b_.make(name_ + "ones", {{length_, length_}, DType::boolean}, Op::fill, {1});
    const BufferId seen = b_.apply(name_ + "seen", Op::lower_triangle, {ones});
    const TensorType number{{}, DType::f32};
    const BufferId zero = b_.make(name_ + "zero", number, Op::fill, {0});
    const BufferId hidden = b_.make(name_ + "hidden", number, Op::fill, {-kInfinity});
    const BufferId bias = b_.apply(name_ + "bias", Op::where, {seen, zero, hidden});
    b_.release({hidden, zero, seen});
    return bias;
  }

  BufferId safe_softmax(BufferId scores) {
    const BufferId a = b_.apply(name_ + "weights", Op::softmax, {scores});
    const BufferId hidden = b_.apply(name_ + "hidden", Op::equals, {scores}, {-kInfinity});
    const BufferId blind = b_.apply(name_ + "blind", Op::all_columns, {hidden});
    const BufferId zero = b_.make(name_ + "zero", {{}, DType::f32}, Op::fill, {0});
    b_.apply_in_place(Op::fill_rows, {a, blind, zero});
    b_.release({zero, blind, hidden, scores});
    return a;
  }

  Builder& b_;
  const CausalAttention& attention_;
  std::string name_;
  BufferId qkv_;
  std::int64_t length_, batch_ = 0;
  int layer_;
  double scale_ = 1;
};

}  // namespace

Attended attend(Builder& builder, const CausalAttention& attention, const std::string& name, BufferId qkv,
                BufferId mask, std::int64_t length, int layer) {
  builder.apply_in_place(Op::split_thirds, {qkv});
  Writer writer(builder, attention, name, qkv, length, layer);
  switch (attention.kind) {
    case AttentionKind::unfused: return writer.unfused(mask);
    case AttentionKind::math: return writer.math();
    case AttentionKind::efficient: break;
  }
  return writer.efficient();
}

}  // namespace memsweep
