// Pickles: what is read, what is refused, and what is kept.
#include "harness/trace/pickle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "harness/base/errors.h"
#include "tests/trace/scratch.h"

namespace memsweep {
namespace {

using namespace std::string_literals;
using Kind = Value::Kind;

/// Writes values as Python does, and what was handed over with its path.
class Printer final : public Receiver {
 public:
  explicit Printer(Document& document) : document_(document) {}

  void take(const ListPath& list, std::size_t index, Value item) override {
    const std::string key = list.level > 0 ? document_.text(list.key) : "";
    const std::string outer = list.level > 1 ? fmt::format("[{}]", list.outer) : "";
    taken.push_back(fmt::format("{}{}[{}] {}", key, outer, index, print(item)));
    most_held = std::max(most_held, document_.held());
  }

  Value reduce(TextId key, Value container) override {
    if (document_.text(key) != "frames" || container.kind != Kind::list) return container;
    return {document_.items(container).size(), Kind::place};
  }

  [[nodiscard]] std::string print(Value value) const {
    value = document_.current(value);
    switch (value.kind) {
      case Kind::boolean: return value.bits != 0 ? "True" : "False";
      case Kind::natural: return std::to_string(value.bits);
      case Kind::negative: return std::to_string(static_cast<std::int64_t>(value.bits));
      case Kind::text: return fmt::format("'{}'", document_.text(static_cast<TextId>(value.bits)));
      case Kind::place: return fmt::format("place {}", value.bits);
      case Kind::list: return fmt::format("[{}]", join(value));
      case Kind::dictionary: return fmt::format("{{{}}}", join(value));
      default: return std::string(description(value.kind));
    }
  }

  std::vector<std::string> taken;
  std::size_t most_held = 0;

 private:
  [[nodiscard]] std::string join(Value container) const {
    std::vector<std::string> texts;
    for (const Value item : document_.items(container)) texts.push_back(print(item));
    return fmt::format("{}", fmt::join(texts, " "));
  }

  Document& document_;
};

struct Read {
  std::string root;
  std::vector<std::string> taken;
  std::size_t most_held = 0;
};

Read read(std::string bytes) {
  Input input("x.pickle", std::move(bytes));
  Document document;
  Printer printer(document);
  const Value root = read_pickle(input, document, printer);
  return {printer.print(root), printer.taken, printer.most_held};
}

/// The error's sentence; empty if there is none.
std::string error_of(std::string bytes) {
  try {
    static_cast<void>(read(std::move(bytes)));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string python_pickle(std::string_view value, int protocol) {
  const testing::ScratchFolder folder;
  testing::run_python(fmt::format("import pickle, sys\n"
                                  "frame = {{'name': 'f'}}; shared = [frame]\n"
                                  "pickle.dump({}, open(sys.argv[1], 'wb'), {})\n",
                                  value, protocol),
                      folder / "x");
  return testing::content_of(folder / "x");
}

class Protocols : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Pickle, Protocols, ::testing::Range(2, 6));

TEST_P(Protocols, EveryKindOfDataIsRead) {
  EXPECT_EQ(
      read(python_pickle("{'a': [None, True, False, 0, 255, 65535, 2**31, -1, -2**63, 2**63, 2**64 - 1],"
                         " 'b': {'c': 'text', 1: ()}, 'd': {0: (1, 'x', 3, [4])}, 'e': (0, 7)}",
                         GetParam()))
          .root,
      "{'a' [] 'b' {'c' 'text' 1 []} 'd' {0 [1 'x' 3 [4]]} 'e' a tuple}");
}

TEST_P(Protocols, ItemsOfTheHighestListsAreHandedOverWithTheirPath) {
  const Read found =
      read(python_pickle("{'s': [{'x': [1, 2]}], 't': [[], [{'y': 1}, {'y': 2}]]}", GetParam()));
  EXPECT_EQ(found.taken, (std::vector<std::string>{"s[0] {'x' [1 2]}", "t[1][0] {'y' 1}", "t[1][1] {'y' 2}",
                                                   "t[0] []", "t[1] []"}));
  EXPECT_EQ(found.root, "{'s' [] 't' []}");
}

TEST_P(Protocols, LongListsAreNotKept) {
  const Read found =
      read(python_pickle("{'t': [[{'n': i, 'u': ['x', i]} for i in range(5000)]]}", GetParam()));
  ASSERT_EQ(found.taken.size(), 5001u);
  EXPECT_EQ(found.taken[4999], "t[0][4999] {'n' 4999 'u' ['x' 4999]}");
  EXPECT_LT(found.most_held, 20000u);  // one batch of 1000 entries at most
}

TEST_P(Protocols, SharedFramesAreReducedOnceAndStandForTheSame) {
  const Read found = read(
      python_pickle("{'t': [{'frames': shared}, {'frames': shared, 'x': {'frames': shared}}]}", GetParam()));
  EXPECT_EQ(found.taken, (std::vector<std::string>{"t[0] {'frames' place 1}",
                                                   "t[1] {'frames' place 1 'x' {'frames' place 1}}"}));
}

TEST_P(Protocols, FramesAreSharedBeforeTheStackAroundThemIsComplete) {
  const Read found = read(python_pickle(
      "{'s': [{'frames': shared, 'blocks': [{'frames': [frame]}, {'frames': shared}]}]}", GetParam()));
  EXPECT_EQ(found.taken,
            (std::vector<std::string>{"s[0] {'frames' something that was dropped before 'blocks' "
                                      "[{'frames' place 1} {'frames' place 1}]}"}));
}

// --- by hand. \x80\x02 begins a pickle of protocol 2.

const std::string kBegin = "\x80\x02";

TEST(Pickle, AListInOnePieceIsHandedOverItemByItem) {
  std::string bytes = kBegin + "}X\1\0\0\0t](]("s;
  for (int i = 0; i < 5000; ++i) bytes += "}(X\1\0\0\0nK\7u"s;
  const Read found = read(bytes + "ees.");
  ASSERT_EQ(found.taken.size(), 5001u);
  EXPECT_EQ(found.taken[4999], "t[0][4999] {'n' 7}");
  EXPECT_LT(found.most_held, 20u);
}

TEST(Pickle, WhatWasHandedOverCanBeReferredToButIsGone) {
  EXPECT_EQ(read(kBegin + "}X\1\0\0\0t](}q\1h\1es."s).taken,
            (std::vector<std::string>{"t[0] {}", "t[1] something that was dropped before"}));
}

TEST(Pickle, AMemoNumberMayBeAnyAndTakesNoMemoryOfItsOwn) {
  EXPECT_EQ(read(kBegin + "}X\1\0\0\0ar\xff\xff\xff\xffj\xff\xff\xff\xffs."s).root, "{'a' 'a'}");
}

TEST(Pickle, TheMemoForgetsWhatNothingCanReferTo) {
  std::string bytes = kBegin + "]("s;
  for (int i = 0; i < 200'000; ++i)
    bytes +=
        "}\x94K\0K\0\x86\x94"
        "0"s;
  EXPECT_EQ(read(bytes + "e."s).taken.size(), 200'000u);
}

struct Hostile {
  std::string bytes;
  std::string sentence;
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.sentence; }

class Refused : public ::testing::TestWithParam<Hostile> {};

TEST_P(Refused, WithASentenceThatNamesTheByte) {
  EXPECT_EQ(error_of(GetParam().bytes), fmt::format("x.pickle, byte {}", GetParam().sentence));
}

std::string refusal(std::string_view name, std::string_view why) {
  return fmt::format("2: the opcode {} {}; it was not executed", name, why);
}

std::vector<Hostile> opcodes_for_code() {
  const std::vector<std::pair<std::string, std::string>> opcodes{
      {"c", "GLOBAL"},  {"\x93", "STACK_GLOBAL"}, {"R", "REDUCE"},       {"b", "BUILD"},  {"i", "INST"},
      {"o", "OBJ"},     {"\x81", "NEWOBJ"},       {"\x92", "NEWOBJ_EX"}, {"P", "PERSID"}, {"Q", "BINPERSID"},
      {"\x82", "EXT1"}, {"\x83", "EXT2"},         {"\x84", "EXT4"}};
  std::vector<Hostile> all;
  for (const auto& [code, name] : opcodes) {
    all.push_back(
        {fmt::format("{}{}os\nsystem\n.", kBegin, code), refusal(name, "runs code or builds objects")});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Code, Refused, ::testing::ValuesIn(opcodes_for_code()));

INSTANTIATE_TEST_SUITE_P(
    NoSnapshot, Refused,
    ::testing::Values(Hostile{kBegin + "\x8f.", refusal("EMPTY_SET", "has no place in a snapshot")},
                      Hostile{kBegin + "\x97.", refusal("NEXT_BUFFER", "has no place in a snapshot")},
                      Hostile{kBegin + "I1\n.", refusal("INT", "belongs to protocols 0 and 1")},
                      Hostile{kBegin + "\xf0.", "2: 0xf0 is no opcode of a pickle"},
                      Hostile{"\x80\x06.", "0: pickle protocol 6 is not known: 2 to 5 are"}));

INSTANTIATE_TEST_SUITE_P(
    Lengths, Refused,
    ::testing::Values(
        Hostile{kBegin + "X\xff\xff\xff\xff"
                         "abc"s,
                "2: a text claims to be 4294967295 bytes long"},
        Hostile{kBegin + "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"
                         "abc"s,
                "2: a text claims to be 9223372036854775807 bytes long"},
        Hostile{kBegin + "X\xff\xff\xff\0abc"s, "10: the file ends in the middle of a snapshot"},
        Hostile{kBegin + "\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
                         "abc"s,
                "14: the file ends in the middle of a snapshot"},
        Hostile{kBegin + "\x8b\xff\xff\xff\x7f"
                         "abc"s,
                "2: an integer claims to be 2147483647 bytes long, more than 64 bits"},
        Hostile{kBegin + "\x8a\x09\0\0\0\0\0\0\0\0\1."s, "2: an integer has more than 64 bits"}));

INSTANTIATE_TEST_SUITE_P(
    Structure, Refused,
    ::testing::Values(Hostile{kBegin, "2: the file ends in the middle of a snapshot"},
                      Hostile{kBegin + ".", "2: the pickle ends before its values are put together"},
                      Hostile{kBegin + "NN.", "4: the pickle ends before its values are put together"},
                      Hostile{kBegin + "](N.", "5: the pickle ends before its values are put together"},
                      Hostile{kBegin + "h\7.", "2: refers to memo 7, which was never stored"},
                      Hostile{kBegin + "]e.", "3: a mark is missing"},
                      Hostile{kBegin + "(a.", "3: a value is missing"},
                      Hostile{kBegin + "Na.", "3: a list is missing"},
                      Hostile{kBegin + "0.", "2: a value is missing"},
                      Hostile{kBegin + "](0.", "4: a value is missing"},
                      Hostile{kBegin + "NNa.", "4: adds to None as if it were a list"},
                      Hostile{kBegin + "}(Nu.", "5: a dictionary has a key without a value"},
                      Hostile{kBegin + "}]Ns.", "5: a list is a key of a dictionary"}));

INSTANTIATE_TEST_SUITE_P(
    Cycles, Refused,
    ::testing::Values(
        Hostile{kBegin + "]q\1h\1a."s, "7: adds to a list that something refers to, maybe itself"},
        Hostile{kBegin + "]2a.", "4: adds to a list that something refers to, maybe itself"},
        Hostile{kBegin + "}q\1Nh\1s."s, "8: adds to a dictionary that something refers to, maybe itself"},
        Hostile{kBegin + "N]q\1\x85h\1h\1a."s, "11: adds to a list that something refers to, maybe itself"}));

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

INSTANTIATE_TEST_SUITE_P(Nesting, Refused,
                         ::testing::Values(Hostile{kBegin + repeated("(", 3'000'000),
                                                   "1048578: values are nested more than 1048576 deep"},
                                           Hostile{kBegin + repeated("]", 10'000'000),
                                                   "4194306: more than 8388608 values are held at one time"},
                                           Hostile{
                                               kBegin + repeated("N", 10'000'000),
                                               "8388610: more than 8388608 values are held at one time"}));

TEST(Pickle, AMillionListsInOneAnotherAreReadAndForgotten) {
  Input input("x.pickle", kBegin + "}N" + repeated("]", 1'000'000) + repeated("a", 999'999) + "s.");
  Document document;
  Printer printer(document);
  const Value root = read_pickle(input, document, printer);
  EXPECT_EQ(document.held(), 2'000'002u);
  document.forget(root);
  EXPECT_EQ(document.held(), 0u);
}

TEST(Pickle, WhereverItIsCutOffItIsRefused) {
  const std::string whole =
      python_pickle("{'segments': [{'a': [1, 2**40]}], 'x': ((1, 2, 3), 'text', 0.5, b'b')}", 4);
  EXPECT_EQ(error_of(whole), "");
  for (std::size_t length = 2; length < whole.size(); ++length) {
    EXPECT_NE(error_of(whole.substr(0, length)), "") << length;
  }
}

}  // namespace
}  // namespace memsweep
