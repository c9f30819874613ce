#include "scenarios/models/gpt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "harness/base/errors.h"
#include "scenarios/parts/causal_attention.h"
#include "scenarios/parts/layers.h"
#include "scenarios/parts/spec.h"

namespace memsweep {
namespace {

// Scales of the embeddings, tokens' where they are no head: tests/golden/training.
constexpr float kTokenScale = 1, kPositionScale = 0.5F;
constexpr std::int64_t kMaxContext = 1 << 20;
constexpr std::array<std::string_view, 4> kAttentions{"unfused", "math", "efficient",
                                                      "flash"};  // as AttentionKind
constexpr std::array<std::string_view, 2> kTruths{"false", "true"};

struct GptShape {
  std::int64_t layers = 12, width = 768, heads = 12, context = 1024, vocabulary = 50257;
  std::int64_t length = 0;  // of the sequences trained on; 0: the context's
  AttentionKind attention = AttentionKind::unfused;
  bool tied = true;
};

class Gpt {
 public:
  Gpt(const GptShape& shape, const ModelOptions& options, const Activation& activation, Randomness randomness)
      : shape_(shape),
        options_(options),
        activation_(activation),
        attention_{shape.attention, shape.heads, options.dropout, options.products,
                   options.release == PytorchRelease::v2_15},
        builder_(randomness) {}

  Program build(std::int64_t batch) && {
    expect_countable("gpt", batch, largest_values());
    declare_parameters();
    const Shape tokens{batch, shape_.length};
    const BufferId ids = builder_.token_input("tokens", tokens, shape_.vocabulary);
    const BufferId target = builder_.token_target("target", tokens, shape_.vocabulary);
    BufferId x = embed(ids);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      builder_.begin_block(x);
      x = block(i, x);
      builder_.end_block();
    }
    x = norm("lnf", norm_, x);
    builder_.cross_entropy(linear(builder_, "head", {head_}, x), target);
    return std::move(builder_).finish();
  }

 private:
  struct Block {
    WeightAndBias norm1, qkv, proj;
    BufferId mask;
    WeightAndBias norm2, fc1, fc2;
  };

  /// Of one sequence: scores, logits, or the middle of a block's mlp.
  [[nodiscard]] double largest_values() const {
    const auto length = static_cast<double>(shape_.length);
    return length * std::max({static_cast<double>(shape_.heads) * length,
                              static_cast<double>(shape_.vocabulary), 4 * static_cast<double>(shape_.width)});
  }

  /// In the order in which torch.nn.Module.to moves parameters and buffers.
  void declare_parameters() {
    const std::int64_t c = shape_.width;
    const auto head_scale = static_cast<float>(options_.gain / std::sqrt(static_cast<double>(c)));
    token_ = builder_.parameter("wte", {shape_.vocabulary, c}, shape_.tied ? head_scale : kTokenScale);
    position_ = builder_.parameter("wpe", {shape_.context, c}, kPositionScale);
    for (std::int64_t i = 0; i < shape_.layers; ++i) blocks_.push_back(declare_block(fmt::format("h{}", i)));
    norm_ = norm_parameters(builder_, "lnf", c);
    head_ = shape_.tied
                ? token_
                : layer_parameters(builder_, "head", {shape_.vocabulary, c}, false, options_.gain).weight;
    positions_ = builder_.constant("positions", {{shape_.context}, DType::i64}, Op::positions);
  }

  Block declare_block(const std::string& name) {
    const std::int64_t c = shape_.width, context = shape_.context;
    Block block{};
    block.norm1 = norm_parameters(builder_, name + ".ln1", c);
    block.qkv = declare_linear(name + ".qkv", 3 * c, c);
    block.proj = declare_linear(name + ".proj", c, c);
    block.mask = builder_.constant(name + ".mask", {{context, context}, DType::boolean}, Op::causal_mask);
    block.norm2 = norm_parameters(builder_, name + ".ln2", c);
    block.fc1 = declare_linear(name + ".fc1", 4 * c, c);
    block.fc2 = declare_linear(name + ".fc2", c, 4 * c);
    return block;
  }

  WeightAndBias declare_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    return layer_parameters(builder_, name, {out, in}, options_.bias, options_.gain);
  }

  BufferId embed(BufferId ids) {
    const BufferId token =
        embedding(builder_, "token", {token_, ids}, builder_.shape(ids).elements(), options_.release);
    const BufferId position =
        embedding(builder_, "position", {position_, positions_}, shape_.length, options_.release);
    return dropped("embedding", builder_.apply("embedding", Op::add_broadcast, {token, position}));
  }

  BufferId block(std::size_t i, BufferId x) {
    const Block& block = blocks_[i];
    const std::string name = fmt::format("h{}", i);
    x = builder_.apply(name + ".middle", Op::add, {x, attention(name, block, x)});
    BufferId y = linear(builder_, name + ".fc1", block.fc1, norm(name + ".ln2", block.norm2, x));
    y = apply_activation(builder_, activation_, name, y);
    y = dropped(name + ".fc2", linear(builder_, name + ".fc2", block.fc2, y));
    const BufferId end = builder_.apply(name + ".end", Op::add, {x, y});
    builder_.release({x});
    return end;
  }

  BufferId attention(const std::string& name, const Block& block, BufferId x) {
    const BufferId normed = norm(name + ".ln1", block.norm1, x);
    const BufferId qkv = linear(builder_, name + ".qkv", block.qkv, normed);
    const Attended attended =
        attend(builder_, attention_, name, qkv, block.mask, shape_.length, next_dropout_++);
    const BufferId y = dropped(name + ".proj", linear(builder_, name + ".proj", block.proj, attended.rows));
    builder_.release({qkv, attended.weights, attended.rows, normed});
    return y;
  }

  BufferId norm(const std::string& name, const WeightAndBias& norm, BufferId x) {
    return builder_.apply(name, Op::layer_norm, {x, norm.weight, *norm.bias}, {kNormEpsilon});
  }

  BufferId dropped(const std::string& name, BufferId x) {
    return options_.dropout > 0 ? builder_.dropout(name + ".dropout", x, options_.dropout, next_dropout_++)
                                : x;
  }

  const GptShape& shape_;
  const ModelOptions& options_;
  const Activation& activation_;
  CausalAttention attention_;
  Builder builder_;
  BufferId token_ = 0, position_ = 0, head_ = 0, positions_ = 0;
  WeightAndBias norm_;
  std::vector<Block> blocks_;
  int next_dropout_ = 0;
};

GptShape parse_shape(std::string_view text) {
  GptShape shape;
  const auto whole = [](std::string_view name, std::int64_t& number, std::int64_t limit) {
    return SpecOption{
        name, [name, &number, limit](std::string_view value) { number = whole_number(name, value, limit); }};
  };
  const std::vector<SpecOption> options{
      whole("layers", shape.layers, kMaxLayers),
      whole("width", shape.width, kMaxWidth),
      whole("heads", shape.heads, kMaxWidth),
      whole("context", shape.context, kMaxContext),
      whole("length", shape.length, kMaxContext),
      whole("vocab", shape.vocabulary, kMaxWidth),
      {"attention",
       [&shape](std::string_view value) {
         shape.attention = static_cast<AttentionKind>(one_of("attention", value, kAttentions));
       }},
      {"tied", [&shape](std::string_view value) { shape.tied = one_of("tied", value, kTruths) == 1; }},
  };
  read_spec("gpt", text, options);
  if (shape.length == 0) shape.length = shape.context;
  return shape;
}

/// What PyTorch has kernels for.
void check_attention(const GptShape& shape, DType type) {
  const std::int64_t size = shape.width / shape.heads;
  const std::int64_t aligned = 16 / static_cast<std::int64_t>(size_of(type));  // 16 bytes
  const std::string_view name = kAttentions[static_cast<std::size_t>(shape.attention)];
  const bool flash = shape.attention == AttentionKind::flash;
  if (flash && type == DType::f32) {
    throw UsageError("attention=flash has a kernel for bf16 and fp16 only; use a 16-bit precision");
  }
  if ((flash || shape.attention == AttentionKind::efficient) && size % aligned != 0) {
    throw UsageError(
        fmt::format("attention={} needs heads of a multiple of {} values, not {}", name, aligned, size));
  }
  constexpr std::int64_t kLargestFlashHead = 256;
  if (flash && size > kLargestFlashHead) {
    throw UsageError(
        fmt::format("attention=flash needs heads of at most {} values, not {}", kLargestFlashHead, size));
  }
}

void check(const GptShape& shape, const ModelOptions& options) {
  if (shape.width % shape.heads != 0) {
    throw UsageError(fmt::format("width={} cannot be divided among heads={}", shape.width, shape.heads));
  }
  if (shape.length > shape.context) {
    throw UsageError(fmt::format("length={} is more than context={}", shape.length, shape.context));
  }
  check_attention(shape, options.products);
  if (options.layer_norm) throw UsageError("gpt has its layer norms already; leave --layernorm out");
  if (options.batch_norm) throw UsageError("gpt has layer norms; leave --batchnorm out");
}

}  // namespace

ForwardPass parse_gpt(std::string_view text, const ModelOptions& options) {
  const GptShape shape = parse_shape(text);
  check(shape, options);
  return [shape, options, &activation = activation_of(options.activation)](std::int64_t batch,
                                                                           Randomness randomness) {
    return Gpt(shape, options, activation, randomness).build(batch);
  };
}

}  // namespace memsweep
