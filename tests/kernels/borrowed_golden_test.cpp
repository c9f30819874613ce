// What ops borrow while they run, where no single recorded operation of PyTorch is a program here
// (tests/scenarios/ops_golden_test.cpp has the others).

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/op.h"

namespace memsweep {
namespace {

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
