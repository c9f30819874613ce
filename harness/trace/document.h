// Values of a file that is being read: texts once each, lists and dictionaries as long as somebody needs
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace memsweep {

using TextId = std::uint32_t;

struct Value {
  enum class Kind : std::uint8_t {
    none,
    boolean,
    natural,   // bits: the number
    negative,  // bits: two's complement
    real,      // its value is not kept
    bytes,     // nor are these
    text,      // bits: its TextId
    pair,      // of natural numbers; bits: 0 if both are 0
    place,     // bits: what a list of frames was reduced to
    list,
    dictionary,  // keys and values in turn
    forgotten,   // refers back to something that was handed over
  };

  std::uint64_t bits = 0;  // list, dictionary: slot and generation
  Kind kind = Kind::none;

  [[nodiscard]] bool is_container() const noexcept { return kind == Kind::list || kind == Kind::dictionary; }
  [[nodiscard]] bool is_text(TextId id) const noexcept { return kind == Kind::text && bits == id; }
};

/// "a list", "a negative number", ...
[[nodiscard]] std::string_view description(Value::Kind kind) noexcept;

/// A list that stands so high in a file that its items are handed over one by one: the file itself (level 0),
/// what stands under `key` in it (1), or item `outer` of that (2).
struct ListPath {
  int level = 0;
  TextId key = 0;
  std::size_t outer = 0;
};

/// Whom a file's values are for.
class Receiver {
 public:
  virtual ~Receiver() = default;

  /// Item `index` of such a list, which is complete. It is forgotten afterwards.
  virtual void take(const ListPath& list, std::size_t index, Value item) = 0;

  /// What a complete container is kept as under `key`, or in a list under `key`: itself, or a scalar that
  /// stands for it, in which case it is forgotten. The items of a list come before the list.
  [[nodiscard]] virtual Value reduce(TextId key, Value container) = 0;
};

class Document {
 public:
  // Far more than a snapshot has at one time, and little enough memory (about 1 GiB).
  static constexpr std::size_t kMostHeld = std::size_t{1} << 23;

  TextId intern(std::string_view text);
  [[nodiscard]] const std::string& text(TextId id) const { return texts_[id]; }

  /// `kind`: list or dictionary. It may grow until something refers to it, and then no more, so that nothing
  /// ever contains itself.
  [[nodiscard]] Value make(Value::Kind kind);
  [[nodiscard]] bool is_alive(Value container) const noexcept;
  /// The value, or something forgotten in place of a container that was.
  [[nodiscard]] Value current(Value value) const noexcept {
    return value.is_container() && !is_alive(value) ? Value{0, Value::Kind::forgotten} : value;
  }
  [[nodiscard]] bool may_grow(Value container) const noexcept;
  void refer_to(Value value) noexcept;

  /// What it holds; nothing of one that was forgotten.
  [[nodiscard]] std::span<const Value> items(Value container) const noexcept;
  /// The container refers to the values from then on.
  void append(Value container, std::span<const Value> values);

  /// Items that a list had: those that it holds and those that were handed over.
  [[nodiscard]] std::size_t length(Value list) const noexcept;
  void count_handed_over(Value list) noexcept;

  /// A number that the reader of a file may give a container once, to find what refers to it.
  void set_memo(Value container, std::uint32_t id) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> memo(Value container) const noexcept;

  /// With all that is in it. What else refers to these containers refers to nothing from then on.
  void forget(Value value);

  /// Containers and values in them.
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

 private:
  struct Node {
    std::vector<Value> items;
    std::size_t handed_over = 0;
    std::uint32_t generation = 0;
    std::optional<std::uint32_t> memo;
    bool referred_to = false;
  };

  [[nodiscard]] Node& node(Value value) noexcept { return nodes_[value.bits & 0xffffffff]; }
  [[nodiscard]] const Node& node(Value value) const noexcept { return nodes_[value.bits & 0xffffffff]; }
  void release(Value container);

  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, TextId> ids_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<Value> to_forget_;
  std::size_t held_ = 0;
};

}  // namespace memsweep
