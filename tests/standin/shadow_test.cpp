// What the host reads back from devices that have no memory behind them.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "harness/standin/control.h"
#include "harness/standin/driver_model.h"

namespace memsweep::standin {
namespace {

class StandinShadow : public testing::Test {
 protected:
  void SetUp() override {
    reset("memory=64MiB");
    ASSERT_EQ(cudaMalloc(&data_, 1 << 20), cudaSuccess);
  }

  std::array<int, 4> read(std::size_t offset = 0) {
    std::array<int, 4> values{-1, -1, -1, -1};
    EXPECT_EQ(cudaMemcpy(values.data(), at(offset), sizeof(values), cudaMemcpyDeviceToHost), cudaSuccess);
    return values;
  }
  void write(const std::array<int, 4>& values, std::size_t offset = 0) {
    EXPECT_EQ(cudaMemcpy(at(offset), values.data(), sizeof(values), cudaMemcpyHostToDevice), cudaSuccess);
  }
  char* at(std::size_t offset) { return static_cast<char*>(data_) + offset; }

  void* data_ = nullptr;
};

using Values = std::array<int, 4>;

TEST_F(StandinShadow, WhatTheHostUploadedComesBack) {
  write({1, 2, 3, 4});
  EXPECT_EQ(read(), (Values{1, 2, 3, 4}));
  EXPECT_EQ(model().observations.shadow_reads, 1U);
  EXPECT_EQ(model().observations.blind_reads, 0U);
}

TEST_F(StandinShadow, WhatNobodyKnowsAreZerosAndCounted) {
  EXPECT_EQ(read(), (Values{}));
  EXPECT_EQ(model().observations.blind_reads, 1U);
  ASSERT_EQ(model().observations.first_blind_reads.size(), 1U);
  EXPECT_EQ(model().observations.first_blind_reads[0].bytes, sizeof(Values));
}

TEST_F(StandinShadow, CopiesAndFillsOnTheDeviceAreFollowed) {
  write({1, 2, 3, 4});
  EXPECT_EQ(cudaMemcpy(at(4096), at(0), sizeof(Values), cudaMemcpyDeviceToDevice), cudaSuccess);
  EXPECT_EQ(read(4096), (Values{1, 2, 3, 4}));
  EXPECT_EQ(cudaMemset(at(4), 0xff, 8), cudaSuccess);
  EXPECT_EQ(read(), (Values{1, -1, -1, 4})) << "the pieces beside a fill are still known";
  EXPECT_EQ(model().observations.blind_reads, 0U);
}

TEST_F(StandinShadow, ACopyOfWhatIsNotKnownMakesItsTargetUnknown) {
  write({1, 2, 3, 4});
  EXPECT_EQ(cudaMemcpy(at(0), at(8192), sizeof(Values), cudaMemcpyDeviceToDevice), cudaSuccess);
  EXPECT_EQ(read(), (Values{}));
  EXPECT_EQ(model().observations.blind_reads, 1U);
}

TEST_F(StandinShadow, LargePiecesAreNotKept) {
  std::vector<char> large(Shadow::kMostBytes + 1, 1);
  write({1, 2, 3, 4});
  EXPECT_EQ(cudaMemcpy(data_, large.data(), large.size(), cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(read(), (Values{})) << "what lay there before is gone, too";
}

TEST_F(StandinShadow, NewMemoryHoldsNothingOfItsFormerUse) {
  write({1, 2, 3, 4});
  ASSERT_EQ(cudaFree(data_), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&data_, 1 << 20), cudaSuccess);
  EXPECT_EQ(read(), (Values{}));
}

TEST_F(StandinShadow, RowsOfACopyInTwoDimensionsLieApart) {
  const Values rows{1, 2, 3, 4};
  EXPECT_EQ(cudaMemcpy2DAsync(data_, 12, rows.data(), 8, 8, 2, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemset(at(8), 0, 4), cudaSuccess);
  EXPECT_EQ(read(), (Values{1, 2, 0, 3}));
  EXPECT_EQ(cudaMemcpy2DAsync(data_, 4, rows.data(), 8, 8, 2, cudaMemcpyHostToDevice),
            cudaErrorInvalidPitchValue);
}

}  // namespace
}  // namespace memsweep::standin
