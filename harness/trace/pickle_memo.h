// What a pickle may refer to by number later.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "harness/trace/document.h"

namespace memsweep {

/// Grows with what may still be referred to, not with the length of the pickle: picklers number nearly every
/// container, one after the other, and refer to few of them. The latest numbers stand in a window; when it
/// moves on, what was forgotten is dropped, and so are pairs (pool ids) that nothing has referred to: one
/// that is shared is shared from one entry to the next.
class PickleMemo {
 public:
  explicit PickleMemo(Document& document) : document_(document), window_(kWindow) {}

  void put(std::uint32_t id, Value value) {
    if (id == begin_ + kWindow) move_window();
    if (in_window(id)) {
      Entry& entry = window_[id - begin_];
      if (!entry.stored) ++count_;
      entry = {value, true};
    } else if (older_.insert_or_assign(id, value).second) {
      ++count_;
    }
    document_.set_memo(value, id);
  }

  /// As MEMOIZE does, which counts.
  void put_next(Value value) { put(count_, value); }

  /// Something forgotten where the number was dropped; none where it was never stored.
  [[nodiscard]] std::optional<Value> get(std::uint32_t id) {
    if (Value* const value = find(id)) {
      if (in_window(id)) window_[id - begin_].used = true;
      return document_.current(*value);
    }
    return id < begin_ ? std::optional(Value{0, Value::Kind::forgotten}) : std::nullopt;
  }

  /// `container`, about to be forgotten, is kept as `value`.
  void replace(Value container, Value value) {
    const std::optional<std::uint32_t> id = document_.memo(container);
    Value* const stored = id ? find(*id) : nullptr;
    if (stored != nullptr && stored->bits == container.bits) *stored = value;
  }

 private:
  static constexpr std::uint64_t kWindow = std::uint64_t{1} << 14;

  struct Entry {
    Value value;
    bool stored = false;
    bool used = false;
  };

  [[nodiscard]] bool in_window(std::uint32_t id) const noexcept {
    return id >= begin_ && id - begin_ < kWindow;
  }

  [[nodiscard]] Value* find(std::uint32_t id) {
    if (in_window(id) && window_[id - begin_].stored) return &window_[id - begin_].value;
    const auto found = older_.find(id);
    return found == older_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] bool is_gone(Value value) const noexcept {
    return document_.current(value).kind == Value::Kind::forgotten;
  }

  void move_window() {
    for (std::size_t i = 0; i < kWindow; ++i) {
      const Entry& entry = window_[i];
      const bool unused_pair = entry.value.kind == Value::Kind::pair && !entry.used;
      if (entry.stored && !unused_pair && !is_gone(entry.value)) {
        older_.insert_or_assign(static_cast<std::uint32_t>(begin_ + i), entry.value);
      }
    }
    std::ranges::fill(window_, Entry{});
    begin_ += kWindow;
    if (older_.size() < purge_at_) return;
    std::erase_if(older_, [this](const auto& numbered) { return is_gone(numbered.second); });
    purge_at_ = std::max<std::size_t>(kWindow, 2 * older_.size());
  }

  Document& document_;
  std::vector<Entry> window_;
  std::uint64_t begin_ = 0;  // first number of the window
  std::unordered_map<std::uint32_t, Value> older_;
  std::size_t purge_at_ = kWindow;
  std::uint32_t count_ = 0;
};

}  // namespace memsweep
