// cuFFT as PyTorch calls it: by its own signatures, without its header.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"
#include "tests/standin/assumed.h"

extern "C" {
int cufftCreate(int* plan);
int cufftDestroy(int plan);
int cufftSetStream(int plan, cudaStream_t stream);
int cufftSetAutoAllocation(int plan, int on);
int cufftSetWorkArea(int plan, void* area);
int cufftXtMakePlanMany(int plan, int rank, long long* extents, long long*, long long, long long, int from,
                        long long*, long long, long long, int to, long long batch, std::size_t* bytes,
                        int execution);
int cufftGetSize(int plan, std::size_t* bytes);
int cufftGetVersion(int* version);
int cufftXtExec(int plan, void* from, void* to, int direction);
}

namespace memsweep::standin {
namespace {

constexpr int kReal = 0, kComplex = 4, kDoubleComplex = 5;  // cudaDataType

class StandinCufft : public testing::Test {
 protected:
  void SetUp() override { reset("memory=64MiB"); }

  static std::size_t in_use() { return model().memory.capacity() - model().memory.free_bytes(0); }
};

/// A plan of `batch` transforms; its work area in bytes.
std::size_t make_plan(int plan, std::array<long long, 2> extents, int from, int to, int execution,
                      long long batch) {
  std::size_t bytes = 0;
  EXPECT_EQ(cufftXtMakePlanMany(plan, 2, extents.data(), nullptr, 1, 1, from, nullptr, 1, 1, to, batch,
                                &bytes, execution),
            0);
  return bytes;
}

TEST_F(StandinCufft, AWorkAreaOfCufftIsAssumedToBeAsLargeAsTheComplexValues) {
  int plan = 0;
  ASSERT_EQ(cufftCreate(&plan), 0);
  EXPECT_EQ(cufftSetAutoAllocation(plan, 0), 0);
  EXPECT_EQ(make_plan(plan, {100, 200}, kComplex, kComplex, kComplex, 3), 3U * 100 * 200 * 8);
  EXPECT_EQ(make_plan(plan, {100, 200}, kReal, kComplex, kComplex, 1), 100U * 101 * 8);
  EXPECT_EQ(make_plan(plan, {10, 10}, kDoubleComplex, kDoubleComplex, kDoubleComplex, 1), 10U * 10 * 16);
  std::size_t bytes = 0;
  EXPECT_EQ(cufftGetSize(plan, &bytes), 0);
  EXPECT_EQ(bytes, 1600U);
  EXPECT_EQ(assumed("cufftXtMakePlanMany").count, 3U);
  EXPECT_EQ(assumed("cufftXtMakePlanMany").most_bytes, 480'000U);
  EXPECT_EQ(in_use(), 0U) << "whoever made the plan allocates";
  EXPECT_EQ(cufftXtExec(plan, nullptr, nullptr, -1), 0);
}

TEST_F(StandinCufft, APlanOfCufftTakesItsWorkAreaItselfUnlessItIsToldNotTo) {
  int plan = 0, other = 0, version = 0;
  ASSERT_EQ(cufftCreate(&plan), 0);
  ASSERT_EQ(cufftCreate(&other), 0);
  EXPECT_NE(plan, other);
  EXPECT_EQ(cufftSetStream(plan, nullptr), 0);
  (void)make_plan(plan, {1024, 1024}, kComplex, kComplex, kComplex, 1);
  EXPECT_EQ(in_use(), std::size_t{8} << 20);
  EXPECT_EQ(cufftSetWorkArea(plan, nullptr), 0);
  EXPECT_EQ(in_use(), 0U);
  std::array<long long, 1> extents{1 << 20};
  std::size_t bytes = 0;
  constexpr int kAllocationFailed = 2, kInvalidSize = 8, kInvalidPlan = 1;
  EXPECT_EQ(cufftXtMakePlanMany(other, 1, extents.data(), nullptr, 1, 1, kComplex, nullptr, 1, 1, kComplex,
                                100, &bytes, kComplex),
            kAllocationFailed);
  EXPECT_EQ(cufftXtMakePlanMany(other, 4, extents.data(), nullptr, 1, 1, kComplex, nullptr, 1, 1, kComplex, 1,
                                &bytes, kComplex),
            kInvalidSize);
  EXPECT_EQ(cufftDestroy(plan), 0);
  EXPECT_EQ(cufftDestroy(plan), kInvalidPlan);
  EXPECT_EQ(cufftXtExec(plan, nullptr, nullptr, -1), kInvalidPlan);
  EXPECT_EQ(cufftGetVersion(&version), 0);
  EXPECT_EQ(version / 1000, 12);
  EXPECT_EQ(cufftDestroy(other), 0);
  set_faults({"cufftCreate:1:cudaErrorMemoryAllocation"});
  EXPECT_EQ(cufftCreate(&plan), kAllocationFailed);
  EXPECT_TRUE(model().live().empty());
}

}  // namespace
}  // namespace memsweep::standin
