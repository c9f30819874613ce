#include "harness/trace/operation_log.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "harness/base/errors.h"
#include "tests/golden.h"
#include "tests/trace/short_log.h"

namespace memsweep {
namespace {

using testing::finished_log;
using testing::kLogHead;
using testing::kLogOperations;
using testing::log_of;

constexpr const char* kAllocate = "a 1 512 0 1 200000000000 512 2097152 2097152\n";
constexpr const char* kFree = "f 1 0 0 1 200000000000 0 2097152 2097152\n";

std::string head_with(const std::string& from, const std::string& to) {
  std::string head = kLogHead;
  return head.replace(head.find(from), from.size(), to) + "# segments 0\n# end\n";
}

TEST(OperationLog, holds_what_the_file_says) {
  const OperationLog log = parse_operation_log(finished_log(kLogOperations));
  EXPECT_EQ(log.release, PytorchRelease::v2_11);
  EXPECT_EQ(log.settings, "");
  EXPECT_EQ(log.fraction, std::nullopt);
  EXPECT_EQ(log.total_bytes, 67108864u);
  EXPECT_EQ(log.used_before, 0u);
  EXPECT_EQ(log.streams, (std::vector<Stream>{0, 0xa0}));
  EXPECT_EQ(log.columns.size(), 3u);
  ASSERT_EQ(log.operations.size(), 13u);
  EXPECT_EQ(log.operations[0].op, LogOp::allocate);
  EXPECT_EQ(log.operations[0].bytes, 5242880u);
  EXPECT_EQ(log.operations[0].line, 10u);
  EXPECT_FALSE(log.operations[7].succeeded);
  EXPECT_EQ(log.settings_of(log.operations[10]), "expandable_segments:True");
  EXPECT_EQ(log.line(log.layout_line), "# segments 1");
}

TEST(OperationLog, reads_release_settings_and_fraction) {
  const OperationLog log = parse_operation_log(head_with(
      "# conf -\n", "# compat 2.15\n# conf max_split_size_mb:64,garbage_collection_threshold:0.5\n"));
  EXPECT_EQ(log.release, PytorchRelease::v2_15);
  EXPECT_EQ(log.settings, "max_split_size_mb:64,garbage_collection_threshold:0.5");
  EXPECT_EQ(parse_operation_log(head_with("fraction -", "fraction 0.25")).fraction, 0.25);
}

TEST(OperationLog, an_id_can_be_used_again_after_its_free) {
  EXPECT_NO_THROW((void)parse_operation_log(log_of(std::string(kAllocate) + kFree + kAllocate)));
}

struct Malformed {
  std::string name;
  std::string text;
  std::string sentence;
};

void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.name; }

class MalformedLog : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedLog, is_refused_with_the_line_and_what_is_wrong) {
  try {
    (void)parse_operation_log(GetParam().text);
    FAIL() << "was accepted";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), GetParam().sentence);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, MalformedLog,
    ::testing::Values(
        Malformed{"nothing", "", "ends after line 0 without '# end'"},
        Malformed{"no_end", kLogHead + kAllocate, "ends after line 9 without '# end'"},
        Malformed{"no_layout", kLogHead + "# end\n", "line 9: '# segments' is missing before '# end'"},
        Malformed{"two_layouts", kLogHead + "# segments 0\n# segments 0\n", "line 10: a second layout"},
        Malformed{"after_the_end", log_of("") + "x\n", "line 11: stands behind '# end'"},
        Malformed{"empty_line", log_of("\n"), "line 9: is empty"},
        Malformed{"header_without_key", "#\n", "line 1: names nothing"},
        Malformed{"late_header", log_of(std::string(kAllocate) + "# fraction 0.5\n"),
                  "line 10: 'fraction' belongs before the first operation"},
        Malformed{"no_capacity", head_with("total_bytes", "bytes"),
                  "line 9: the header above lacks 'total_bytes'"},
        Malformed{"no_settings", head_with("conf", "note"), "line 9: the header above lacks 'conf'"},
        Malformed{"no_stream", head_with("# stream 0 0\n# stream 1 a0\n", ""),
                  "line 7: the header above lacks 'stream'"},
        Malformed{"no_columns", head_with("# columns", "# note"), "line 9: the header above lacks 'columns'"},
        Malformed{"streams_out_of_order", head_with("stream 1", "stream 2"),
                  "line 7: streams are numbered 0, 1, 2 in order"},
        Malformed{"odd_columns", head_with("columns op id", "columns id op"),
                  "line 8: the columns do not begin as they must"},
        Malformed{"unknown_statistic", head_with("reserved", "resarved"),
                  "line 8: 'resarved' is no statistic"},
        Malformed{"unknown_release", head_with("# conf -", "# conf -\n# compat 1.0"),
                  "line 10: PyTorch release '1.0' is not known; choose 2.11, 2.13 or 2.15"},
        Malformed{"unknown_setting", head_with("conf -", "conf colour:red"),
                  "line 9: allocator setting 'colour' is not known"},
        Malformed{"capacity_no_number", head_with("67108864", "64MiB"), "line 9: '64MiB' is no whole number"},
        Malformed{"absurd_capacity", head_with("67108864", "1152921504606846976"),
                  "line 9: no device has 1152921504606846976 bytes"},
        Malformed{"overfull", head_with("used_before 0", "used_before 67108865"),
                  "line 9: more bytes are used before than the device has"},
        Malformed{"fraction_above_1", head_with("fraction -", "fraction 1.5"),
                  "line 9: the fraction '1.5' does not lie between 0 and 1"},
        Malformed{"fraction_nan", head_with("fraction -", "fraction nan"),
                  "line 9: the fraction 'nan' does not lie between 0 and 1"},
        Malformed{"unknown_operation", log_of("z 1 0 0 1 0 0 0 0\n"), "line 9: 'z' is no operation"},
        Malformed{"operation_of_two_letters", log_of("af 1 0 0 1 0 0 0 0\n"), "line 9: 'af' is no operation"},
        Malformed{"too_few_fields", log_of("a 1 512 0 1 200000000000 512\n"),
                  "line 9: has 7 fields where 9 belong"},
        Malformed{"too_many_fields", log_of("e 0 0 0 1 0 0 0 0 0\n"), "line 9: has 10 fields where 9 belong"},
        Malformed{"call_too_short", log_of("d malloc 0\n"), "line 9: has 3 fields where 5 belong"},
        Malformed{"size_no_number", log_of("a 1 5x 0 1 0 0 0 0\n"), "line 9: '5x' is no whole number"},
        Malformed{"size_below_zero", log_of("a 1 -5 0 1 0 0 0 0\n"), "line 9: '-5' is no whole number"},
        Malformed{"size_beyond_64_bits", log_of("a 1 18446744073709551616 0 1 0 0 0 0\n"),
                  "line 9: '18446744073709551616' is no whole number"},
        Malformed{"address_no_number", log_of("a 1 5 0 1 0x20 0 0 0\n"),
                  "line 9: '0x20' is no hexadecimal number"},
        Malformed{"statistic_no_number", log_of("a 1 5 0 1 20 0 1.5 0\n"), "line 9: '1.5' is no number"},
        Malformed{"stream_out_of_range", log_of("a 1 512 2 1 0 0 0 0\n"),
                  "line 9: stream 2 is not in the header"},
        Malformed{"ok_2", log_of("a 1 512 0 2 0 0 0 0\n"), "line 9: ok = 2 is not possible here"},
        Malformed{"free_refused", log_of(std::string(kAllocate) + "f 1 0 0 0 0 0 0 0\n"),
                  "line 10: ok = 0 is not possible here"},
        Malformed{"never_allocated", log_of(kFree), "line 9: block 1 was never allocated"},
        Malformed{"never_served", log_of(std::string("a 1 512 0 0 0 0 0 0\n") + kFree),
                  "line 10: block 1 was never allocated"},
        Malformed{"double_free", log_of(std::string(kAllocate) + kFree + kFree),
                  "line 11: block 1 was freed before"},
        Malformed{"allocated_twice", log_of(std::string(kAllocate) + kAllocate),
                  "line 10: block 1 is live already"},
        Malformed{"stream_of_a_freed_block", log_of(std::string(kAllocate) + kFree + "r 1 0 1 1 0 0 0 0\n"),
                  "line 11: block 1 was freed before"},
        Malformed{"held_twice_over", log_of("h 2 0 0 1 0 0 0 0\n"), "line 9: events are held (1) or not (0)"},
        Malformed{"message_without_refusal", log_of(std::string(kAllocate) + "m tried=1.00_GiB\n"),
                  "line 10: a message that no request refused stands before"},
        Malformed{"bad_settings_later", log_of("s max_split_size_mb:1\n"),
                  "line 9: allocator setting max_split_size_mb: '1' must be at least 20"},
        Malformed{"unknown_layout", kLogHead + "# segments 0\nX 1\n",
                  "line 10: 'X' is no part of the final layout"},
        Malformed{"short_block", kLogHead + "# segments 1\nB 200000000000 512\n",
                  "line 10: has 3 fields where 5 belong"}),
    [](const auto& instance) { return instance.param.name; });

TEST(OperationLog, ends_too_early_wherever_it_is_cut) {
  const std::string text = finished_log(kLogOperations);
  const std::size_t whole = text.size() - 1;  // the last line needs no end
  for (std::size_t size = 0; size < whole; ++size) {
    EXPECT_THROW((void)parse_operation_log(text.substr(0, size)), UsageError) << size;
  }
  EXPECT_NO_THROW((void)parse_operation_log(text.substr(0, whole)));
}

class OperationLogFile : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path plain(const std::string& text) const {
    std::ofstream(folder_ / "plain", std::ios::binary) << text;
    return folder_ / "plain";
  }
  [[nodiscard]] std::filesystem::path gzip(const std::string& text) const {
    const gzFile file = gzopen((folder_ / "gzip").c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    return folder_ / "gzip";
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      testing::test_name("operation_log_" + std::to_string(std::random_device{}()));
};

TEST_F(OperationLogFile, is_read_plain_and_from_gzip) {
  const std::string text = finished_log(kLogOperations);
  EXPECT_EQ(read_operation_log(plain(text)).lines, parse_operation_log(text).lines);
  EXPECT_EQ(read_operation_log(gzip(text)).lines, parse_operation_log(text).lines);
}

TEST_F(OperationLogFile, is_known_by_how_it_begins) {
  EXPECT_TRUE(is_operation_log(plain(kLogHead)));
  EXPECT_TRUE(is_operation_log(gzip(kLogHead)));
  EXPECT_FALSE(is_operation_log(plain("Thread,Time,Action,Pointer,Size,Stream\n")));
  EXPECT_FALSE(is_operation_log(plain("\x80\x04\x95")));
  EXPECT_FALSE(is_operation_log(plain("{\"segments\": []}")));
  EXPECT_FALSE(is_operation_log(plain("#")));
  EXPECT_FALSE(is_operation_log(folder_));
  EXPECT_FALSE(is_operation_log(folder_ / "missing"));
}

TEST_F(OperationLogFile, that_is_malformed_or_cannot_be_read_is_named) {
  const auto error_of = [](const std::filesystem::path& file) -> std::string {
    try {
      (void)read_operation_log(file);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  const std::string file = plain(log_of("z\n")).string();
  EXPECT_EQ(error_of(file), file + ": line 9: 'z' is no operation");
  EXPECT_EQ(error_of(folder_ / "missing"), "cannot open " + (folder_ / "missing").string());
  EXPECT_EQ(error_of(folder_), "cannot read " + folder_.string());
  const std::filesystem::path cut = gzip(finished_log(kLogOperations));
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 2);
  EXPECT_NE(error_of(cut), "");
}

}  // namespace
}  // namespace memsweep
