// The workspace of reductions against every recorded one, of every release that is there.
#include "kernels/reduction.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/op.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

/// Rows and columns of a recorded reduction; no columns for any other op.
std::pair<std::int64_t, std::int64_t> extents(const Json& record) {
  const auto op = record.at("op").get<std::string>();
  if (op == "sum_rows") return {record.at("args")[0], record.at("args")[1]};
  if (op == "sum" || op == "mean" || op == "norm") return {record.at("args")[0], 1};
  return {0, 0};
}

/// What was allocated beside the result, which comes first.
std::vector<std::size_t> borrowed(const Json& record) {
  std::vector<std::size_t> sizes;
  for (const Json& event : record.at("forward")) {
    if (event.is_number()) sizes.push_back(event.get<std::size_t>());
  }
  sizes.erase(sizes.begin());
  return sizes;
}

TEST(ReductionWorkspace, IsWhatPytorchTakes) {
  std::size_t compared = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(testing::golden_root() / "pytorch")) {
    if (entry.path().filename() != "ops.jsonl") continue;
    for (const Json& record : testing::read_json_lines(entry.path())) {
      const auto [rows, columns] = extents(record);
      if (columns == 0) continue;
      const auto [partial, semaphores] =
          reduction_workspace(rows, columns, {record.at("sms").get<int>(), 2048});
      const auto ours =
          partial == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{partial, semaphores};
      EXPECT_EQ(ours, borrowed(record)) << record;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100u);
}

TEST(ReductionWorkspace, WithinRowsIsBorrowedForFewLongRowsOnly) {
  constexpr Multiprocessors kH100{132, 2048};
  EXPECT_EQ(reduction_within_rows_workspace(1, 1 << 20, kH100).partial_results,
            reduction_workspace(1 << 20, 1, kH100).partial_results);
  EXPECT_EQ(reduction_within_rows_workspace(1024, 784, kH100).partial_results, 0u);
  EXPECT_EQ(reduction_within_rows_workspace(10, 4096, kH100).partial_results, 0u);
  const auto few_and_long = reduction_within_rows_workspace(10, 1 << 20, kH100);
  EXPECT_GT(few_and_long.partial_results, 0u);
  EXPECT_EQ(few_and_long.semaphores, 10 * 4u) << "one a row";
}

TEST(ReductionWorkspace, IsNothingOnADeviceWithoutMultiprocessors) {
  EXPECT_EQ(reduction_workspace(4096, 4096, {}).partial_results, 0u);
}

}  // namespace
}  // namespace memsweep
