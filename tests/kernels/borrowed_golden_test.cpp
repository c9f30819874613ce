// What ops borrow while they run, as single operations of PyTorch were recorded: every allocation in its
// order, the results among them.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kernels/op.h"
#include "tests/golden.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

struct Call {
  Op op;
  std::vector<double> attributes;
  std::vector<TensorType> inputs;
};

/// The op that makes the gradient of a recorded one, if its own allocations are a whole list there.
std::optional<Call> gradient_of(const Json& record) {
  if (record.at("dtype") != "fp32") return std::nullopt;
  const auto name = record.at("op").get<std::string>();
  const auto n = record.at("args").get<std::vector<std::int64_t>>();
  if (name == "softmax") {
    const TensorType x{{n[0], n[1]}, DType::f32};
    return Call{Op::softmax_backward, {}, {x, x}};
  }
  if (name == "embedding") {
    const TensorType ids{{n[0], n[1]}, DType::i64}, grad{{n[0] * n[1], n[3]}, DType::f32};
    return Call{Op::embedding_backward, {static_cast<double>(n[2])}, {grad, ids}};
  }
  return std::nullopt;
}

/// Positive: allocated bytes; the others: freed.
std::vector<std::int64_t> events_of(const Call& call, const Multiprocessors& gpu) {
  const auto results = row_of(call.op).infer(call.inputs, call.attributes);
  const auto workspaces = row_of(call.op).workspaces({call.op, call.attributes, call.inputs, results}, gpu);
  std::vector<std::int64_t> events, borrowed;
  const auto free_last = [&] {
    events.push_back(-borrowed.back());
    borrowed.pop_back();
  };
  for (const bool before : {true, false}) {
    for (const Workspace& workspace : workspaces) {
      if (workspace.before_results != before) continue;
      borrowed.push_back(static_cast<std::int64_t>(workspace.bytes));
      events.push_back(borrowed.back());
      for (int i = 0; i < workspace.given_back; ++i) free_last();
    }
    if (!before) continue;
    for (const TensorType& result : results) events.push_back(static_cast<std::int64_t>(result.bytes()));
  }
  while (!borrowed.empty()) free_last();
  return events;
}

std::vector<std::int64_t> recorded_events(const Json& record) {
  std::vector<std::int64_t> sizes, events;
  for (const char* list : {"forward", "backward"}) {
    for (const Json& event : record.at(list)) {
      const bool freed = event.is_array();
      if (!freed) sizes.push_back(event.get<std::int64_t>());
      if (std::string(list) == "forward") continue;
      events.push_back(freed ? -sizes.at(event[0].get<std::size_t>()) : sizes.back());
    }
  }
  return events;
}

TEST(BorrowedMemory, IsTakenAndGivenBackAsPytorchDoes) {
  std::size_t compared = 0;
  std::ifstream in(testing::golden_root() / "pytorch" / "ops.jsonl");
  for (std::string line; std::getline(in, line);) {
    const Json record = Json::parse(line);
    const auto call = gradient_of(record);
    if (!call) continue;
    EXPECT_EQ(events_of(*call, {record.at("sms").get<int>(), 2048}), recorded_events(record)) << line;
    ++compared;
  }
  EXPECT_GT(compared, 5u);
}

TEST(BorrowedMemory, OfAttentionsBackwardPassIsATileOfGradientsForEachBlockOfQueries) {
  const auto bytes = [](std::int64_t batch, std::int64_t heads, std::int64_t length, std::int64_t size) {
    const TensorType qkv{{batch * length, 3 * heads * size}, DType::f32};
    const TensorType rows{{batch * length, heads * size}, DType::f32};
    const TensorType lse{{batch, heads, length}, DType::f32};
    const std::vector<TensorType> inputs{rows, qkv, rows, lse, lse, rows, rows, rows};
    const std::vector<double> numbers{
        static_cast<double>(heads), static_cast<double>(length), 0, 0, 0, 0, 1, 0};
    const auto results = row_of(Op::attention_backward).infer(inputs, numbers);
    return row_of(Op::attention_backward)
        .workspaces({Op::attention_backward, numbers, inputs, results}, {132, 2048})
        .at(0)
        .bytes;
  };
  EXPECT_EQ(bytes(4, 4, 64, 32), 262'400u);  // all three from ops.jsonl
  EXPECT_EQ(bytes(8, 12, 1024, 64), 25'190'400u);
  EXPECT_EQ(bytes(1, 2, 17, 8), 32'800u);
}

}  // namespace
}  // namespace memsweep
