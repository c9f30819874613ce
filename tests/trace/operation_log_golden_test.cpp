// What PyTorch's own allocator did, operation by operation, against ours: every address, statistic, device
// call, out-of-memory message and the final layout.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/trace/check_operation_log.h"
#include "harness/trace/operation_log.h"
#include "tests/golden.h"

namespace memsweep {
namespace {

std::filesystem::path folder() { return testing::golden_root() / "allocator"; }

class OperationLogGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(OperationLogGolden, the_allocator_behaves_as_pytorch_did_at_every_step) {
  ASSERT_TRUE(is_operation_log(folder() / GetParam()));
  const OperationLog log = read_operation_log(folder() / GetParam());
  std::size_t seen = 0;
  const LogCheck check = check_operation_log(log, [&seen](const CachingAllocator& allocator) {
    if (++seen % 256 == 0) {
      ASSERT_NO_THROW(allocator.check());
    }
  });
  EXPECT_GT(check.operations, 0u);
  if (const auto& difference = check.difference) {
    FAIL() << "line " << difference->line << ", " << difference->what
           << "\n  PyTorch:  " << difference->recorded << "\n  memsweep: " << difference->replayed << '\n'
           << difference->context;
  }
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
    if (!entry.path().string().ends_with(".trace.gz")) continue;
    names.push_back(std::filesystem::relative(entry.path(), folder()).generic_string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(OperationLogGoldenSet, has_logs) { EXPECT_FALSE(names().empty()); }

INSTANTIATE_TEST_SUITE_P(Logs, OperationLogGolden, ::testing::ValuesIn(names()),
                         [](const auto& instance) { return testing::test_name(instance.param); });

}  // namespace
}  // namespace memsweep
