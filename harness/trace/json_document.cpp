#include "harness/trace/json_document.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace memsweep {
namespace {

/// One pass over an Input.
class InputIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  InputIterator() = default;
  explicit InputIterator(Input& input) : input_(&input) {}

  char operator*() const { return static_cast<char>(input_->peek()); }
  InputIterator& operator++() {
    input_->byte();
    return *this;
  }
  friend bool operator==(const InputIterator& a, const InputIterator& b) { return a.at_end() == b.at_end(); }
  friend bool operator!=(const InputIterator& a, const InputIterator& b) { return !(a == b); }

 private:
  [[nodiscard]] bool at_end() const { return input_ == nullptr || input_->peek() == Input::kEnd; }

  Input* input_ = nullptr;
};

/// Takes the parser's events; the names of the functions are the parser's.
class JsonReader {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  JsonReader(Input& input, Document& document, Receiver& receiver)
      : input_(input), document_(document), receiver_(receiver) {}

  [[nodiscard]] Value root() const { return root_; }

  bool null() { return add({0, Value::Kind::none}); }
  bool boolean(bool value) { return add({value, Value::Kind::boolean}); }
  bool number_integer(std::int64_t value) {
    return add({static_cast<std::uint64_t>(value), value < 0 ? Value::Kind::negative : Value::Kind::natural});
  }
  bool number_unsigned(std::uint64_t value) { return add({value, Value::Kind::natural}); }
  bool number_float(double, const std::string&) { return add({0, Value::Kind::real}); }
  bool string(const std::string& value) { return add({document_.intern(value), Value::Kind::text}); }
  bool binary(const binary_t&) { return add({0, Value::Kind::bytes}); }
  bool start_object(std::size_t) { return open(Value::Kind::dictionary, std::nullopt); }
  bool start_array(std::size_t) { return open(Value::Kind::list, path_of_next()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(const std::string& value) {
    open_.back().key = document_.intern(value);
    return true;
  }
  [[noreturn]] bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    input_.fail(position, "this is not JSON");
  }

 private:
  struct Open {
    Value container;
    std::optional<ListPath> path;  // of a list whose items are handed over
    TextId key = 0;                // of a dictionary: under which the next value stands; of a list: none
  };

  [[nodiscard]] std::optional<ListPath> path_of_next() const {
    if (open_.empty()) return ListPath{};
    if (open_.size() == 1 && open_[0].container.kind == Value::Kind::dictionary)
      return ListPath{1, open_[0].key};
    if (open_.size() == 2 && open_[1].path && open_[1].path->level == 1) {
      return ListPath{2, open_[1].path->key, document_.length(open_[1].container)};
    }
    return std::nullopt;
  }

  bool open(Value::Kind kind, std::optional<ListPath> path) {
    open_.push_back({document_.make(kind), path});
    check_held();
    return true;
  }

  bool close() {
    const Value complete = open_.back().container;
    open_.pop_back();
    return add(complete);
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = value;
    } else if (Open& outer = open_.back(); outer.path) {
      receiver_.take(*outer.path, document_.length(outer.container), value);
      document_.count_handed_over(outer.container);
      document_.forget(value);
    } else if (outer.container.kind == Value::Kind::list) {
      const Value kept = open_.size() > 1 ? reduced(open_[open_.size() - 2].key, value) : value;
      document_.append(outer.container, {&kept, 1});
    } else {
      const Value entry[] = {{outer.key, Value::Kind::text}, reduced(outer.key, value)};
      document_.append(outer.container, entry);
    }
    check_held();
    return true;
  }

  [[nodiscard]] Value reduced(TextId key, Value value) {
    if (!value.is_container()) return value;
    const Value kept = receiver_.reduce(key, value);
    if (!kept.is_container()) document_.forget(value);
    return kept;
  }

  void check_held() const {
    if (document_.held() + open_.size() > Document::kMostHeld) {
      input_.fail(fmt::format("more than {} values are held at one time", Document::kMostHeld));
    }
  }

  Input& input_;
  Document& document_;
  Receiver& receiver_;
  std::vector<Open> open_;
  Value root_;
};

}  // namespace

Value read_json(Input& input, Document& document, Receiver& receiver) {
  JsonReader reader(input, document, receiver);
  nlohmann::json::sax_parse(InputIterator(input), InputIterator(), &reader);
  return reader.root();
}

}  // namespace memsweep
