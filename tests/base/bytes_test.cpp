#include "harness/base/bytes.h"

#include <gtest/gtest.h>

#include "harness/base/errors.h"

namespace memsweep {
namespace {

TEST(FormatBytes, UsesTheLargestUnitAndAtMostFourDigits) {
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1023), "1023B");
  EXPECT_EQ(format_bytes(512_MiB), "512MiB");
  EXPECT_EQ(format_bytes(1536_MiB), "1.50GiB");
  EXPECT_EQ(format_bytes(123'456'789), "117.7MiB");
  EXPECT_EQ(format_bytes(1023_GiB + 512_MiB), "1024GiB");
}

TEST(ParseBytes, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  EXPECT_EQ(parse_bytes("512MiB"), 512_MiB);
  EXPECT_EQ(parse_bytes("512M"), 512_MiB);
  EXPECT_EQ(parse_bytes("1.5 GiB"), 1536_MiB);
  EXPECT_EQ(parse_bytes("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("7B"), 7u);
}

TEST(ParseBytes, ReadsBackWhatIsFormatted) {
  for (std::size_t bytes : {1_KiB, 3_MiB, 64_MiB, 80_GiB}) EXPECT_EQ(parse_bytes(format_bytes(bytes)), bytes);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "MiB", "-1MiB", "0", "12XB", "1e400", "5MiBs", "nan", "99999999TiB", "0.5"}) {
    EXPECT_THROW(static_cast<void>(parse_bytes(text)), UsageError) << text;
  }
}

}  // namespace
}  // namespace memsweep
