#include "harness/trace/check_operation_log.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "harness/base/errors.h"
#include "tests/trace/short_log.h"

namespace memsweep {
namespace {

using testing::finished_log;
using testing::kLogHead;
using testing::kLogOperations;
using testing::log_of;

LogCheck check(const std::string& text) { return check_operation_log(parse_operation_log(text)); }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

TEST(CheckOperationLog, finds_no_difference_in_what_the_allocator_does) {
  const LogCheck result = check(finished_log(kLogOperations));
  EXPECT_EQ(result.operations, 12u);
  EXPECT_FALSE(result.difference) << result.difference->context;
}

/// The fields of a line that the allocator answers, as opposed to those that say what it was asked.
std::size_t first_answer(const std::string& line) {
  static const std::string kOperations = "afepqrhC";
  return kOperations.find(line[0]) == std::string::npos ? 1 : 5;
}

TEST(CheckOperationLog, finds_every_answer_of_which_one_digit_is_altered) {
  const OperationLog log = parse_operation_log(finished_log(kLogOperations));
  std::set<char> kinds;
  for (std::size_t number = log.first_line; number < log.lines.size(); ++number) {
    const std::string& line = log.line(number);
    if (line[0] == 's') continue;
    const std::vector<std::string_view> words = words_of(line);
    for (std::size_t field = first_answer(line); field < words.size(); ++field) {
      const std::size_t digit = words[field].find_last_of("0123456789");
      const bool asked = line[0] == 'c' && field > 1 && field < 5;
      if (digit == std::string_view::npos || asked) continue;
      std::vector<std::string> lines = log.lines;
      char& c = lines[number - 1][static_cast<std::size_t>(words[field].data() - line.data()) + digit];
      c = c == '1' ? '2' : '1';
      const LogCheck result = check(joined(lines));
      ASSERT_TRUE(result.difference) << lines[number - 1];
      EXPECT_EQ(result.difference->line, number) << lines[number - 1];
      EXPECT_EQ(result.difference->replayed, words[field]) << result.difference->what;
      kinds.insert(line[0]);
    }
  }
  EXPECT_EQ(kinds,
            (std::set<char>{'d', 'a', 'f', 'e', 'p', 'q', 'r', 'h', 'c', 'C', 'm', '#', 'S', 'B', 'T'}));
}

struct Alteration {
  std::string from;
  std::string to;
  std::string what;
};

TEST(CheckOperationLog, names_what_differs) {
  const std::vector<Alteration> alterations{
      {"d malloc 200000000000", "d malloc 200000000001", "device call addr"},
      {"1 200000000000 5242880", "1 200000000200 5242880", "operation addr"},
      {"5242880 20971520 20971520", "5242880 20971520 20971521", "operation device_used"},
      {"c 1 3", "c 2 3", "operation id"},
      {"free=64.00_MiB", "free=63.00_MiB", "out-of-memory message free"},
      {"# segments 1", "# segments 2", "layout segments"},
      {"S 300000000000 2097152 a0", "S 300000000000 2097152 0", "segment stream_handle"},
      {" 100 A", " 100 P", "block state"},
      {"T active.all.peak 1", "T active.all.peak 2", "memory_stats active.all.peak"},
      {"T active.all.peak 1\n", "", "memory_stats entry"},
  };
  for (const Alteration& alteration : alterations) {
    const LogCheck result = check(replaced(finished_log(kLogOperations), alteration.from, alteration.to));
    ASSERT_TRUE(result.difference) << alteration.what;
    EXPECT_EQ(result.difference->what, alteration.what);
  }
}

TEST(CheckOperationLog, a_device_call_too_few_or_too_many_is_shown_with_its_neighbour) {
  const std::string freed = "d free 200000000000 20971520 1\n";
  const LogCheck fewer = check(replaced(finished_log(kLogOperations), freed, ""));
  ASSERT_TRUE(fewer.difference);
  EXPECT_EQ(fewer.difference->what, "device call name");
  EXPECT_EQ(fewer.difference->recorded, "malloc");
  EXPECT_EQ(fewer.difference->replayed, "free");

  const LogCheck more = check(replaced(finished_log(kLogOperations), "f 1 ", freed + "f 1 "));
  ASSERT_TRUE(more.difference);
  EXPECT_EQ(more.difference->what, "device call");
  EXPECT_EQ(more.difference->recorded, "d free 200000000000 20971520 1");
  EXPECT_EQ(more.difference->replayed, "f 1 0 0 1 200000000000 0 20971520 20971520");
}

TEST(CheckOperationLog, a_request_that_was_served_but_is_refused_ends_the_check) {
  const LogCheck result =
      check(log_of("a 1 104857600 0 1 200000000000 104857600 104857600 104857600\n"
                   "f 1 0 0 1 200000000000 0 104857600 104857600\n"));
  EXPECT_EQ(result.operations, 1u);
  ASSERT_TRUE(result.difference);
  EXPECT_EQ(result.difference->what, "device call");
}

TEST(CheckOperationLog, shows_three_lines_before_and_after) {
  const LogCheck result = check(replaced(finished_log(kLogOperations), "c 1 3", "c 0 3"));
  ASSERT_TRUE(result.difference);
  EXPECT_EQ(result.difference->context,
            "       11  r 1 0 1 1 0 5242880 20971520 20971520\n"
            "       12  h 1 0 0 1 0 5242880 20971520 20971520\n"
            "       13  f 1 0 0 1 200000000000 0 20971520 20971520\n"
            ">      14  c 0 3 1 1 0 0 20971520 20971520\n"
            "       15  C 0 0 1 1 0 0 20971520 20971520\n"
            "       16  h 0 0 0 1 0 0 20971520 20971520\n"
            "       17  d malloc 0 104857600 1\n");
}

TEST(CheckOperationLog, shows_the_allocator_after_every_step_that_agrees) {
  std::vector<std::int64_t> allocated;
  const OperationLog log = parse_operation_log(replaced(finished_log(kLogOperations), "c 1 3", "c 0 3"));
  const LogCheck result = check_operation_log(log, [&allocated](const CachingAllocator& allocator) {
    allocated.push_back(allocator.statistics().allocated_bytes.all.current);
  });
  EXPECT_EQ(allocated, (std::vector<std::int64_t>{5242880, 5242880, 5242880, 0}));
  EXPECT_EQ(result.operations, 5u);
}

TEST(CheckOperationLog, settings_that_contradict_the_blocks_there_are_name_the_line) {
  const std::string operations =
      "d malloc 200000000000 54525952 1\n"
      "a 1 54525952 0 1 200000000000 54525952 54525952 54525952\n"
      "f 1 0 0 1 200000000000 0 54525952 54525952\n"
      "a 2 10485760 0 1 200000000000 10485760 54525952 54525952\n"
      "s max_split_size_mb:20\n"
      "a 3 67108864 0 0 0 0 0 0\n";
  try {
    (void)check(log_of(operations));
    FAIL() << "the rest of a split block cannot be released as an oversize one";
  } catch (const UsageError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("line 14: ")) << error.what();
  }
}

}  // namespace
}  // namespace memsweep
