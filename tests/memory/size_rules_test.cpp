#include "harness/memory/size_rules.h"

#include <gtest/gtest.h>

#include "harness/base/bytes.h"

namespace memsweep {
namespace {

TEST(SizeRules, sizes_are_rounded_to_512_bytes) {
  const RoundupTable off{};
  EXPECT_EQ(round_size(1, off), 512u);
  EXPECT_EQ(round_size(512, off), 512u);
  EXPECT_EQ(round_size(513, off), 1024u);
}

TEST(SizeRules, divisions_of_powers_of_two_coarsen_large_sizes) {
  RoundupTable four;
  four.fill(4);
  EXPECT_EQ(round_size(1200, four), 1536u);
  EXPECT_EQ(round_size(2049, four), 2560u);
  EXPECT_EQ(round_size(3_MiB + 1, four), 3_MiB + 512_KiB);
  EXPECT_EQ(round_size(5_MiB, four), 5_MiB);
  EXPECT_EQ(round_size(100_MiB + 1, four), 112_MiB);
}

TEST(SizeRules, a_size_class_begins_at_its_power_of_two) {
  RoundupTable table{};
  table[8] = 2;  // [256, 512) MiB
  EXPECT_EQ(round_size(256_MiB - 1, table), 256_MiB);
  EXPECT_EQ(round_size(256_MiB + 1, table), 384_MiB);
  EXPECT_EQ(round_size(512_MiB + 1, table), 512_MiB + 512);
}

TEST(SizeRules, segments_are_2_MiB_or_20_MiB_or_of_their_own_size) {
  EXPECT_EQ(segment_size(1_MiB, kLargeSegment), 2_MiB);
  EXPECT_EQ(segment_size(1_MiB + 512, kLargeSegment), 20_MiB);
  EXPECT_EQ(segment_size(10_MiB - 512, kLargeSegment), 20_MiB);
  EXPECT_EQ(segment_size(10_MiB, kLargeSegment), 10_MiB);
  EXPECT_EQ(segment_size(10_MiB + 512, kLargeSegment), 12_MiB);
}

TEST(SizeRules, sizes_print_as_pytorch_prints_them) {
  EXPECT_EQ(format_size(1024), "1024 bytes");
  EXPECT_EQ(format_size(1025), "1.00 KiB");
  EXPECT_EQ(format_size(1_MiB), "1024.00 KiB");
  EXPECT_EQ(format_size(20_MiB), "20.00 MiB");
  EXPECT_EQ(format_size(1_GiB), "1024.00 MiB");
  EXPECT_EQ(format_size(80_GiB), "80.00 GiB");
}

}  // namespace
}  // namespace memsweep
