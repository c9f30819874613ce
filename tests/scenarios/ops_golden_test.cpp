// Single operations of eager PyTorch, recorded, against programs of one op here: what the forward and the
// backward pass allocate and free, in order.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/device/device.h"
#include "harness/program/builder.h"
#include "harness/program/differentiate.h"
#include "harness/program/passes/casts.h"
#include "harness/sweep/phase_run.h"
#include "scenarios/case.h"
#include "scenarios/case_result.h"
#include "scenarios/parts/layers.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;
using Extents = std::vector<std::int64_t>;

/// Writes an operation; its operands are parameters, since their gradients stay as those of leaves do.
class Writer {
 public:
  Writer(const Extents& n, PytorchRelease release) : n_(n), release_(release) {}

  BufferId unary(Op op, std::vector<double> attributes = {}) {
    return b_.apply("y", op, {x()}, std::move(attributes));
  }
  /// A leaf cannot be overwritten: the operand is a product, which is given.
  BufferId in_place(Op op) {
    const BufferId operand = unary(Op::scale, {1});
    given_ = 1;
    return b_.apply_in_place(op, {operand});
  }
  BufferId binary(Op op) { return b_.apply("y", op, {x(), parameter({n_[0], n_[1]})}); }
  BufferId sum() { return b_.apply("y", Op::sum_rows, {parameter({n_[0], 1})}); }
  BufferId norm() { return b_.apply("y", Op::norm, {parameter({n_[0]})}, {2}); }
  BufferId cast(DType type) { return unary(Op::cast, {static_cast<double>(type)}); }
  BufferId dropout() { return b_.dropout("y", x(), 0.1, 0); }
  BufferId linear(bool bias) {
    const BufferId rows = x(), weight = parameter({n_[2], n_[1]});
    if (bias) return b_.apply("y", Op::addmm, {rows, weight, parameter({n_[2]})});
    return b_.apply("y", Op::mm, {rows, weight}, {0, 1});
  }
  BufferId layer_norm() {
    return b_.apply("y", Op::layer_norm, {x(), parameter({n_[1]}), parameter({n_[1]})}, {1e-5});
  }
  BufferId cross_entropy() {
    const BufferId rows = unary(Op::log_softmax);
    return b_.apply("y", Op::nll_loss, {rows, b_.target("target", {n_[0]}, n_[1])});
  }
  BufferId add_broadcast() {
    return b_.apply("y", Op::add_broadcast, {parameter({n_[0], n_[1], n_[2]}), parameter({n_[1], n_[2]})});
  }
  BufferId embedding() {
    const BufferId ids = b_.token_input("ids", {n_[0], n_[1]}, n_[2]);
    return memsweep::embedding(b_, "y", {parameter({n_[2], n_[3]}), ids}, n_[0] * n_[1], release_);
  }
  BufferId masked_fill() {
    const BufferId mask = b_.constant("mask", {{n_[2], n_[3]}, DType::boolean}, Op::causal_mask);
    return b_.apply("y", Op::masked_fill, {parameter({n_[0], n_[1], n_[2], n_[3]}), mask}, {-1});
  }
  BufferId convolution() {
    const BufferId image = parameter({n_[0], n_[1], n_[3], n_[3]});
    return b_.apply("y", Op::conv2d, {image, parameter({n_[2], n_[1], 3, 3}), parameter({n_[2]})}, {1, 1});
  }
  BufferId max_pool() { return b_.apply("y", Op::max_pool, {images()}, {2, 2, 0}); }
  BufferId mean() { return b_.apply("y", Op::mean_places, {parameter({1, 1, n_[0], 1})}); }
  BufferId mean_places() { return b_.apply("y", Op::mean_places, {images()}); }
  BufferId batch_norm(BufferId image) {
    const TensorType per_channel{{n_[1]}, DType::f32};
    const BufferId weight = parameter({n_[1]}), bias = parameter({n_[1]});
    const BufferId mean = b_.constant("mean", per_channel, Op::fill, {0});
    const BufferId variance = b_.constant("variance", per_channel, Op::fill, {1});
    const BufferId steps = b_.constant("steps", {{}, DType::i64}, Op::positions);
    return b_
        .apply_updating("y", Op::batch_norm, {image, weight, bias, mean, variance, steps}, 3, {1e-5, 0.1})
        .front();
  }

  BufferId x() { return parameter({n_[0], n_[1]}); }
  BufferId images() { return parameter({n_[0], n_[1], n_[2], n_[2]}); }

  [[nodiscard]] Program finish() && {
    Program program = std::move(b_).finish();
    for (std::size_t i = 0; i < given_; ++i) program.step[i].phase = Phase::data;
    return program;
  }

 private:
  BufferId parameter(Shape shape) { return b_.parameter("x", shape, 1); }

  Builder b_{{}};
  const Extents& n_;
  PytorchRelease release_;
  std::size_t given_ = 0;  // instructions that make what is not recorded
};

struct Expressible {
  std::string_view name;
  BufferId (*write)(Writer& writer);
};

constexpr std::array kExpressible{
    Expressible{"sum_rows", [](Writer& w) { return w.unary(Op::sum_rows); }},
    Expressible{"sum", [](Writer& w) { return w.sum(); }},
    Expressible{"norm", [](Writer& w) { return w.norm(); }},
    Expressible{"linear", [](Writer& w) { return w.linear(true); }},
    Expressible{"linear_nobias", [](Writer& w) { return w.linear(false); }},
    Expressible{"layernorm", [](Writer& w) { return w.layer_norm(); }},
    Expressible{"relu", [](Writer& w) { return w.unary(Op::relu); }},
    Expressible{"relu_inplace", [](Writer& w) { return w.in_place(Op::relu); }},
    Expressible{"gelu", [](Writer& w) { return w.unary(Op::gelu); }},
    Expressible{"gelu_tanh", [](Writer& w) { return w.unary(Op::gelu_tanh); }},
    Expressible{"tanh", [](Writer& w) { return w.unary(Op::tanh); }},
    Expressible{"sigmoid", [](Writer& w) { return w.unary(Op::sigmoid); }},
    Expressible{"silu", [](Writer& w) { return w.unary(Op::silu); }},
    Expressible{"dropout", [](Writer& w) { return w.dropout(); }},
    Expressible{"softmax", [](Writer& w) { return w.unary(Op::softmax); }},
    Expressible{"log_softmax", [](Writer& w) { return w.unary(Op::log_softmax); }},
    Expressible{"scale", [](Writer& w) { return w.unary(Op::scale, {2}); }},
    Expressible{"to_fp32", [](Writer& w) { return w.cast(DType::f32); }},
    Expressible{"to_bf16", [](Writer& w) { return w.cast(DType::bf16); }},
    Expressible{"cross_entropy", [](Writer& w) { return w.cross_entropy(); }},
    Expressible{"add", [](Writer& w) { return w.binary(Op::add); }},
    Expressible{"add_broadcast", [](Writer& w) { return w.add_broadcast(); }},
    Expressible{"embedding", [](Writer& w) { return w.embedding(); }},
    Expressible{"masked_fill", [](Writer& w) { return w.masked_fill(); }},
    Expressible{"conv3x3_without_cudnn", [](Writer& w) { return w.convolution(); }},
    Expressible{"max_pool2d", [](Writer& w) { return w.max_pool(); }},
    Expressible{"batchnorm1d", [](Writer& w) { return w.batch_norm(w.x()); }},
    Expressible{"batchnorm2d_without_cudnn", [](Writer& w) { return w.batch_norm(w.images()); }},
    Expressible{"mean", [](Writer& w) { return w.mean(); }},
    Expressible{"adaptive_avg_pool2d_1", [](Writer& w) { return w.mean_places(); }},
};

constexpr std::string_view kNoOp = "no model here has it";
constexpr std::string_view kNothing = "returns its operand: no op runs";
constexpr std::string_view kOtherOperands =
    "attention reads packed queries, keys and values here: it is compared within models";

const std::map<std::string_view, std::string_view> kInexpressible{
    {"leaky_relu", kNoOp},
    {"elu", kNoOp},
    {"softplus", kNoOp},
    {"square", kNoOp},
    {"mul", kNoOp},
    {"mse_loss", kNoOp},
    {"transpose_contiguous", kNoOp},
    {"dropout_zero", kNothing},
    {"scores", kOtherOperands},
    {"split_heads_scores", kOtherOperands},
    {"sdpa_math", kOtherOperands},
    {"sdpa_efficient", kOtherOperands},
    {"sdpa_flash", kOtherOperands},
};

/// Why an operation is left out; empty if it is compared.
std::string_view outside(const Json& record) {
  const auto full = record.at("op").get<std::string>();
  const std::string name = full.substr(0, full.find("_p0"));  // "sdpa_math_p0.1": with dropout
  const auto type = record.at("dtype").get<std::string>();
  if (name == "to_" + type) return kNothing;
  const auto found = kInexpressible.find(name);
  return found == kInexpressible.end() ? "" : found->second;
}

const Expressible* expressible(const Json& record) {
  const auto name = record.at("op").get<std::string>();
  const auto* const found = std::find_if(kExpressible.begin(), kExpressible.end(),
                                         [&name](const Expressible& one) { return one.name == name; });
  return found == kExpressible.end() ? nullptr : found;
}

Program program_of(const Json& record, PytorchRelease release) {
  const auto extents = record.at("args").get<Extents>();
  Writer writer(extents, release);
  const BufferId result = expressible(record)->write(writer);
  Program program = std::move(writer).finish();
  if (record.at("dtype") == "bf16") program = in_type(std::move(program), {DType::bf16});
  program.loss = result;
  if (!record.at("backward").empty()) program = differentiate(std::move(program));
  append_zero_grad(program);
  program.step.push_back({.op = Op::release, .phase = Phase::zero_grad, .inputs = {result}});
  return program;
}

struct Lists {
  Json forward = Json::array(), backward = Json::array();
  friend bool operator==(const Lists&, const Lists&) = default;
};

/// Of the second step, when library workspaces that are kept stand; not of what was given: data, and the
/// upstream gradient, which is the first that the backward pass makes.
Lists lists_of(const Json& events) {
  Lists lists;
  Json phase = Json::array();
  std::map<std::int64_t, std::size_t> numbers;  // in the lists, by allocation
  const auto end_phase = [&](const std::string& name, bool counts) {
    if (!counts) phase.clear();
    bool upstream = name == "backward";
    for (const Json& event : std::exchange(phase, Json::array())) {
      Json& list = name == "backward" ? lists.backward : lists.forward;
      if (event[0] == "alloc" && !std::exchange(upstream, false)) {
        numbers.emplace(event[1].get<std::int64_t>(), numbers.size());
        list.push_back(event[2]);
      }
      if (event[0] != "free") continue;
      const auto known = numbers.find(event[1].get<std::int64_t>());
      if (known != numbers.end()) list.push_back({known->second});
    }
  };
  for (const Json& event : events) {
    if (event[0] != "phase") {
      phase.push_back(event);
      continue;
    }
    const auto name = event[2].get<std::string>();
    end_phase(name, event[1] == 2 && (name == "forward" || name == "loss" || name == "backward"));
  }
  return lists;
}

Lists lists_of(const Json& record, PytorchRelease release) {
  Case at;
  const auto device = make_sim(profile_of(at));
  PhaseRunOptions options;
  options.release = release;
  options.steps = 2;
  const Schedule schedule(program_of(record, release));
  const PhaseRun run = run_phases(
      *device, [&schedule](std::int64_t) -> const Schedule& { return schedule; }, options);
  return lists_of(events_json("", run).at("events"));
}

void for_each_record(const std::function<void(const Json&, PytorchRelease)>& visit) {
  const auto root = testing::golden_root() / "pytorch";
  for (const PytorchRelease release : {PytorchRelease::v2_11, PytorchRelease::v2_15}) {
    const auto folder = release == PytorchRelease::v2_11 ? root : root / release_name(release);
    for (const Json& record : testing::read_json_lines(folder / "ops.jsonl")) visit(record, release);
  }
}

TEST(PytorchOps, AllocateAndFreeInPytorchsOrder) {
  std::size_t compared = 0;
  for_each_record([&](const Json& record, PytorchRelease release) {
    if (!outside(record).empty() || expressible(record) == nullptr) return;
    SCOPED_TRACE(fmt::format("{} {} {} of {}", record.at("op").dump(), record.at("args").dump(),
                             record.at("dtype").dump(), release_name(release)));
    const Lists ours = lists_of(record, release);
    EXPECT_EQ(ours.forward, record.at("forward"));
    EXPECT_EQ(ours.backward, record.at("backward"));
    ++compared;
  });
  fmt::print("compared: {} operations\n", compared);
  EXPECT_GT(compared, 0u);
}

TEST(PytorchOps, AreLeftOutForStatedReasonsOnly) {
  std::map<std::string_view, std::size_t> reasons;
  for_each_record([&](const Json& record, PytorchRelease) {
    const std::string_view reason = outside(record);
    ++reasons[reason];
    EXPECT_TRUE(!reason.empty() || expressible(record) != nullptr) << record.at("op");
  });
  for (const auto& [reason, count] : reasons) {
    fmt::print("{}: {} operations\n", reason.empty() ? "compared" : reason, count);
  }
}

}  // namespace
}  // namespace memsweep
