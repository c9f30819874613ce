#include "harness/trace/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "harness/trace/pickle_memo.h"
#include "harness/trace/pickle_opcodes.h"

namespace memsweep {
namespace {

constexpr std::uint64_t kLongestText = std::uint64_t{1} << 24;  // bytes
constexpr std::size_t kMostDevices = 1024;
constexpr std::size_t kMostMarks = std::size_t{1} << 20;

/// A stack machine, as pickle's own. Containers are written down from the outside to the inside, so the
/// stack shows at any time where the topmost value will hang.
class PickleReader {
 public:
  PickleReader(Input& input, Document& document, Receiver& receiver)
      : input_(input), document_(document), receiver_(receiver), memo_(document) {}

  Value read() {
    for (;;) {
      opcode_offset_ = input_.offset();
      const std::uint8_t code = input_.byte();
      if (static_cast<Opcode>(code) == Opcode::stop) return root();
      execute(code);
      if (document_.held() + stack_.size() > Document::kMostHeld) {
        fail(fmt::format("more than {} values are held at one time", Document::kMostHeld));
      }
    }
  }

 private:
  /// Begins the items of a container, which stands below, or of a tuple.
  struct Mark {
    std::size_t position = 0;      // of the first item on the stack
    std::optional<ListPath> path;  // of the list that stands below, if its items are handed over
  };

  [[noreturn]] void fail(std::string_view sentence) const { input_.fail(opcode_offset_, sentence); }

  void execute(std::uint8_t code);
  [[noreturn]] void refuse(std::uint8_t code) const;

  Value root() const {
    if (stack_.size() != 1 || !marks_.empty()) fail("the pickle ends before its values are put together");
    return stack_.back();
  }

  // --- the stack

  /// A dictionary on top of another one is the next item, and the one before is complete. Picklers that write
  /// long lists in one piece would fill the stack otherwise.
  void push(Value value) {
    if (value.kind == Value::Kind::dictionary && !marks_.empty() && marks_.back().path &&
        marks_.back().position + 1 == stack_.size() && stack_.back().kind == Value::Kind::dictionary) {
      hand_over(*marks_.back().path, stack_[stack_.size() - 2], std::span(stack_).last(1));
      stack_.pop_back();
    }
    stack_.push_back(value);
  }

  void pop() {
    static_cast<void>(last(1));
    stack_.pop_back();
  }

  /// Removes the topmost mark: the values behind it.
  [[nodiscard]] std::span<const Value> end_group() {
    if (marks_.empty()) fail("a mark is missing");
    const std::size_t begin = marks_.back().position;
    marks_.pop_back();
    return std::span(stack_).subspan(begin);
  }

  /// Values at the top.
  void drop(std::span<const Value> values) { stack_.resize(stack_.size() - values.size()); }

  void begin_group() {
    if (marks_.size() == kMostMarks) fail(fmt::format("values are nested more than {} deep", kMostMarks));
    const bool on_list = !stack_.empty() && stack_.back().kind == Value::Kind::list;
    marks_.push_back({stack_.size(), on_list ? path_of(stack_.size() - 1) : std::nullopt});
  }

  // --- numbers and texts

  void push_natural(std::uint64_t number) { push({number, Value::Kind::natural}); }
  void push_integer(std::int64_t number) {
    push({static_cast<std::uint64_t>(number), number < 0 ? Value::Kind::negative : Value::Kind::natural});
  }
  void push_long(std::uint64_t size);
  void push_text(std::uint64_t size) {
    if (size > kLongestText) fail(fmt::format("a text claims to be {} bytes long", size));
    push({document_.intern(input_.bytes(size)), Value::Kind::text});
  }
  void push_bytes(std::uint64_t size) {
    input_.skip(size);
    push({0, Value::Kind::bytes});
  }

  // --- containers

  void push_copy(Value value) {
    document_.refer_to(value);
    push(value);
  }

  void push_memo(std::uint64_t id) {
    const std::optional<Value> value = memo_.get(static_cast<std::uint32_t>(id));
    if (!value) fail(fmt::format("refers to memo {}, which was never stored", id));
    push_copy(*value);
  }

  [[nodiscard]] std::span<const Value> last(std::size_t count) const;
  void replace(std::span<const Value> values, Value::Kind kind);
  void replace_by_tuple(std::span<const Value> values);
  void append(std::span<const Value> values);
  void set(std::span<const Value> values);
  [[nodiscard]] Value target(std::span<const Value> values, Value::Kind kind) const;
  [[nodiscard]] Value reduced(Value key, Value value);
  /// One stack may name the same frame twice, which is then on top of this stack again.
  void reduce_everywhere(Value key, std::size_t position);

  // --- lists whose items are handed over

  [[nodiscard]] bool is_entry_of_root(std::size_t position) const;
  [[nodiscard]] std::optional<ListPath> path_of(std::size_t position) const;
  void hand_over(const ListPath& path, Value list, std::span<const Value> items);

  Input& input_;
  Document& document_;
  Receiver& receiver_;
  PickleMemo memo_;
  std::vector<Value> stack_;
  std::vector<Mark> marks_;
  std::uint64_t opcode_offset_ = 0;
};

void PickleReader::execute(std::uint8_t code) {
  using Kind = Value::Kind;
  switch (static_cast<Opcode>(code)) {
    case Opcode::proto:
      if (const unsigned protocol = input_.byte(); protocol < 2 || protocol > 5) {
        fail(fmt::format("pickle protocol {} is not known: 2 to 5 are", protocol));
      }
      return;
    case Opcode::frame: return input_.skip(8);

    case Opcode::none: return push({0, Kind::none});
    case Opcode::new_false: return push({0, Kind::boolean});
    case Opcode::new_true: return push({1, Kind::boolean});
    case Opcode::bin_int1: return push_natural(input_.number(1));
    case Opcode::bin_int2: return push_natural(input_.number(2));
    case Opcode::bin_int: return push_integer(static_cast<std::int32_t>(input_.number(4)));
    case Opcode::long1: return push_long(input_.number(1));
    case Opcode::long4: return push_long(input_.number(4));
    case Opcode::bin_float: input_.skip(8); return push({0, Kind::real});

    case Opcode::short_bin_unicode:
    case Opcode::short_bin_string: return push_text(input_.number(1));
    case Opcode::bin_unicode:
    case Opcode::bin_string: return push_text(input_.number(4));
    case Opcode::bin_unicode8: return push_text(input_.number(8));
    case Opcode::short_bin_bytes: return push_bytes(input_.number(1));
    case Opcode::bin_bytes: return push_bytes(input_.number(4));
    case Opcode::bin_bytes8:
    case Opcode::byte_array8: return push_bytes(input_.number(8));

    case Opcode::empty_list: return push(document_.make(Kind::list));
    case Opcode::empty_dict: return push(document_.make(Kind::dictionary));
    case Opcode::empty_tuple: return replace_by_tuple({});
    case Opcode::tuple1: return replace_by_tuple(last(1));
    case Opcode::tuple2: return replace_by_tuple(last(2));
    case Opcode::tuple3: return replace_by_tuple(last(3));
    case Opcode::tuple: return replace_by_tuple(end_group());
    case Opcode::list: return replace(end_group(), Kind::list);
    case Opcode::dict: return replace(end_group(), Kind::dictionary);
    case Opcode::append: return append(last(1));
    case Opcode::append_many: return append(end_group());
    case Opcode::set_item: return set(last(2));
    case Opcode::set_items: return set(end_group());

    case Opcode::mark: return begin_group();
    case Opcode::pop: return pop();
    case Opcode::pop_mark: return drop(end_group());
    case Opcode::dup: return push_copy(last(1).front());
    case Opcode::bin_get: return push_memo(input_.number(1));
    case Opcode::long_bin_get: return push_memo(input_.number(4));
    case Opcode::bin_put: return memo_.put(static_cast<std::uint32_t>(input_.number(1)), last(1).front());
    case Opcode::long_bin_put:
      return memo_.put(static_cast<std::uint32_t>(input_.number(4)), last(1).front());
    case Opcode::memoize: return memo_.put_next(last(1).front());
    case Opcode::stop: break;
  }
  refuse(code);
}

void PickleReader::refuse(std::uint8_t code) const {
  const auto* const known = std::ranges::find(kRefusedOpcodes, code, &RefusedOpcode::code);
  if (known == kRefusedOpcodes.end()) fail(fmt::format("0x{:02x} is no opcode of a pickle", code));
  fail(fmt::format("the opcode {} {}; it was not executed", known->name, known->why));
}

/// Two's complement, little-endian, of as many bytes as it takes.
void PickleReader::push_long(std::uint64_t size) {
  constexpr std::uint64_t kLongest = 9;  // 64 bits and a sign
  if (size > kLongest) fail(fmt::format("an integer claims to be {} bytes long, more than 64 bits", size));
  if (size == 0) return push_natural(0);
  const std::uint64_t low = input_.number(std::min<std::uint64_t>(size, 8));
  if (size == kLongest) {
    if (input_.byte() != 0) fail("an integer has more than 64 bits");
    return push_natural(low);
  }
  const unsigned unused = 64 - 8 * static_cast<unsigned>(size);
  push_integer(static_cast<std::int64_t>(low << unused) >> unused);
}

std::span<const Value> PickleReader::last(std::size_t count) const {
  const std::size_t group = marks_.empty() ? 0 : marks_.back().position;
  if (stack_.size() < group + count) fail("a value is missing");
  return std::span(stack_).last(count);
}

Value PickleReader::target(std::span<const Value> values, Value::Kind kind) const {
  const std::size_t group = marks_.empty() ? 0 : marks_.back().position;
  const std::size_t begin = stack_.size() - values.size();
  if (begin <= group) fail(fmt::format("{} is missing", description(kind)));
  const Value container = stack_[begin - 1];
  if (container.kind != kind) {
    fail(fmt::format("adds to {} as if it were {}", description(container.kind), description(kind)));
  }
  if (!document_.may_grow(container)) {
    fail(fmt::format("adds to {} that something refers to, maybe itself", description(kind)));
  }
  return container;
}

void PickleReader::replace(std::span<const Value> values, Value::Kind kind) {
  const std::size_t begin = stack_.size() - values.size();
  stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(begin), document_.make(kind));
  const std::span<const Value> moved = std::span(stack_).subspan(begin + 1);
  kind == Value::Kind::list ? append(moved) : set(moved);
}

void PickleReader::replace_by_tuple(std::span<const Value> values) {
  const auto is_natural = [](Value value) { return value.kind == Value::Kind::natural; };
  if (values.size() == 2 && std::ranges::all_of(values, is_natural)) {
    const bool any = (values[0].bits | values[1].bits) != 0;
    drop(values);
    return push({any, Value::Kind::pair});
  }
  replace(values, Value::Kind::list);
}

void PickleReader::append(std::span<const Value> values) {
  const Value list = target(values, Value::Kind::list);
  const std::size_t begin = stack_.size() - values.size();
  if (const auto path = path_of(begin - 1)) {
    hand_over(*path, list, values);
  } else {
    // Items are reduced before anything else can share them.
    const Value key = begin > 1 ? stack_[begin - 2] : Value{};
    for (std::size_t i = begin; i < stack_.size(); ++i) reduce_everywhere(key, i);
    document_.append(list, values);
  }
  drop(values);
}

void PickleReader::set(std::span<const Value> values) {
  const Value dictionary = target(values, Value::Kind::dictionary);
  if (values.size() % 2 != 0) fail("a dictionary has a key without a value");
  const std::size_t begin = stack_.size() - values.size();
  for (std::size_t i = begin; i < stack_.size(); i += 2) {
    if (stack_[i].is_container())
      fail(fmt::format("{} is a key of a dictionary", description(stack_[i].kind)));
    stack_[i + 1] = reduced(stack_[i], stack_[i + 1]);
  }
  document_.append(dictionary, values);
  drop(values);
}

void PickleReader::reduce_everywhere(Value key, std::size_t position) {
  const Value value = stack_[position];
  const Value kept = reduced(key, value);
  stack_[position] = kept;
  if (!value.is_container() || kept.is_container()) return;
  for (std::size_t i = position + 1; i < stack_.size(); ++i) {
    if (stack_[i].kind == value.kind && stack_[i].bits == value.bits) stack_[i] = kept;
  }
}

Value PickleReader::reduced(Value key, Value value) {
  if (key.kind != Value::Kind::text || !document_.is_alive(value)) return document_.current(value);
  const Value kept = receiver_.reduce(static_cast<TextId>(key.bits), value);
  if (!kept.is_container()) {
    memo_.replace(value, kept);
    document_.forget(value);
  }
  return kept;
}

/// Whether a value is one of the root dictionary's, be it set by SETITEM or, behind a mark, by SETITEMS.
bool PickleReader::is_entry_of_root(std::size_t position) const {
  if (position < 2 || position % 2 != 0) return false;
  if (stack_[0].kind != Value::Kind::dictionary || stack_[position - 1].kind != Value::Kind::text)
    return false;
  const bool alone = position == 2 && (marks_.empty() || marks_[0].position > position);
  const bool grouped =
      !marks_.empty() && marks_[0].position == 1 && (marks_.size() == 1 || marks_[1].position > position);
  return alone || grouped;
}

std::optional<ListPath> PickleReader::path_of(std::size_t position) const {
  if (position == 0) return ListPath{};
  const auto key_before = [this](std::size_t value) { return static_cast<TextId>(stack_[value - 1].bits); };
  if (is_entry_of_root(position)) return ListPath{1, key_before(position)};

  // The list may stand behind others of its kind that are complete and not appended yet.
  const bool in_group = !marks_.empty() && marks_.back().position <= position && marks_.back().position > 0;
  const std::size_t begin = in_group ? marks_.back().position : position;
  if (position - begin > kMostDevices || stack_[begin - 1].kind != Value::Kind::list ||
      !is_entry_of_root(begin - 1)) {
    return std::nullopt;
  }
  const auto is_list = [](Value value) { return value.kind == Value::Kind::list; };
  if (!std::all_of(stack_.begin() + begin, stack_.begin() + position, is_list)) return std::nullopt;
  return ListPath{2, key_before(begin - 1), document_.length(stack_[begin - 1]) + position - begin};
}

void PickleReader::hand_over(const ListPath& path, Value list, std::span<const Value> items) {
  for (const Value item : items) {
    receiver_.take(path, document_.length(list), item);
    document_.count_handed_over(list);
    document_.forget(item);
  }
}

}  // namespace

Value read_pickle(Input& input, Document& document, Receiver& receiver) {
  return PickleReader(input, document, receiver).read();
}

}  // namespace memsweep
