#include "harness/report/csv.h"

#include <sys/resource.h>

#include <csignal>
#include <stdexcept>

#include <gtest/gtest.h>

#include "harness/base/errors.h"
#include "tests/report/temporary_folder.h"

namespace memsweep {
namespace {

using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;
using Record = std::vector<std::string>;
using Records = std::vector<Record>;

const Records kNasty{
    {"plain", "", "with space "},
    {"a,b", ",", "\"quoted\""},
    {"\"", "\"\"", "ends in a quote\""},
    {"two\nlines", "\n", "carriage\rreturn"},
    {"dos\r\nline", "\r", "text,\"with\"\nall of it\r\n"},
    {"", "", ""},
};

TEST(Csv, FieldsComeBackAsTheyWere) {
  std::string text;
  for (const Record& record : kNasty) text += csv_line(record) + "\n";
  EXPECT_EQ(parse_csv(text), kNasty);
}

TEST(Csv, OnlyFieldsThatNeedQuotesHaveThem) {
  EXPECT_EQ(csv_line({"a b", "a,b", "5\" disk", ""}), "a b,\"a,b\",\"5\"\" disk\",");
}

TEST(Csv, LineBreaksOfOtherSystemsEndRecordsToo) {
  EXPECT_EQ(parse_csv("a,b\r\n1,2\r\n"), (Records{{"a", "b"}, {"1", "2"}}));
}

TEST(Csv, NothingHoldsNoRecordAndAnEmptyLineHoldsOneEmptyField) {
  EXPECT_EQ(parse_csv(""), Records{});
  EXPECT_EQ(parse_csv("\n"), Records{{""}});
}

TEST(Csv, ARecordThatTheWriterDiedInIsLeftOut) {
  const std::string whole = csv_line(kNasty[0]) + "\n";
  const std::string last = csv_line(kNasty[4]) + "\n";
  for (std::size_t written = 0; written < last.size(); ++written) {
    EXPECT_EQ(parse_csv(whole + last.substr(0, written)), Records{kNasty[0]}) << written << " bytes written";
  }
}

TEST(Csv, AStrayQuoteIsRefusedAndItsRecordNamed) {
  try {
    (void)parse_csv("a,b\n1,x\"y\"\n");
    FAIL() << "a quote within a plain field was read";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("record 2"), std::string::npos) << error.what();
  }
}

TEST(CsvAppender, WritesTheHeaderOnceAndGrowsByRecords) {
  const TemporaryFolder folder;
  const auto file = folder / "rows.csv";
  for (const Record& record : kNasty) CsvAppender(file, {"x", "y", "z"}).append(record);
  Records expected{{"x", "y", "z"}};
  expected.insert(expected.end(), kNasty.begin(), kNasty.end());
  EXPECT_EQ(parse_csv(read_file(file)), expected);
}

TEST(CsvAppender, ARecordCanBeReadWhileTheFileIsStillOpen) {
  const TemporaryFolder folder;
  CsvAppender out(folder / "rows.csv", {"x"});
  out.append({"1"});
  EXPECT_EQ(read_file(folder / "rows.csv"), "x\n1\n");
}

TEST(CsvAppender, CutsOffTheRecordThatAnEarlierWriterDiedIn) {
  const TemporaryFolder folder;
  const auto file = folder / "rows.csv";
  const std::string whole = "x,y\n1,\"two\nlines\"\n";
  const std::string last = csv_line({"2", "a \"quoted\"\nbreak"}) + "\n";
  for (std::size_t written = 0; written < last.size(); ++written) {
    write_file(file, whole + last.substr(0, written));
    CsvAppender(file, {"x", "y"}).append({"3", "z"});
    EXPECT_EQ(read_file(file), whole + "3,z\n") << written << " bytes written";
  }
}

TEST(CsvAppender, AFileWithNothingWholeStartsAgainWithItsHeader) {
  const TemporaryFolder folder;
  const auto file = folder / "rows.csv";
  for (const char* there : {"", "x", "x,\"y"}) {
    write_file(file, there);
    CsvAppender(file, {"x", "y"});
    EXPECT_EQ(read_file(file), "x,y\n") << "after '" << there << "'";
  }
}

TEST(CsvAppender, ARecordThatCannotBeWrittenIsWrongUsageThatNamesTheFile) {
  const TemporaryFolder folder;
  CsvAppender out(folder / "rows.csv", {"x"});
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{.rlim_cur = 4, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  std::string sentence = "it was written";
  try {
    out.append({"12345"});
  } catch (const UsageError& error) {
    sentence = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(sentence.find("rows.csv"), std::string::npos) << sentence;
}

TEST(CsvAppender, APlaceThatCannotBeWrittenIsWrongUsage) {
  const TemporaryFolder folder;
  write_file(folder / "file", "no folder");
  std::filesystem::create_directory(folder / "folder");
  for (const char* place : {"file/rows.csv", "not/there/rows.csv", "folder"}) {
    try {
      CsvAppender(folder / place, {"x"});
      FAIL() << place << " was opened";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(read_file(folder / "file"), "no folder");
}

}  // namespace
}  // namespace memsweep
