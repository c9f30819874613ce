// An ordered set that lives inside its elements: it never allocates, so nothing it does can fail. It is a
// treap (Seidel and Aragon, 1996): a search tree by the set's order and a heap by priorities drawn at random,
// which keep it balanced whatever the order of insertions.
#pragma once

#include <array>
#include <cstddef>

namespace memsweep {

/// Where an element stands in its set.
template <class T>
struct SetLinks {
  std::array<T*, 2> child{};  // the subtrees before and behind it
  T* parent = nullptr;
};

/// T has `SetLinks<T> links` and a `priority`, which stays as drawn; an element is in one set at a time.
/// Order: a strict order of two `const T&`.
template <class T, class Order>
class OrderedSet {
 public:
  OrderedSet() = default;
  OrderedSet(const OrderedSet&) = delete;
  OrderedSet& operator=(const OrderedSet&) = delete;

  class Iterator {
   public:
    explicit Iterator(T* item) noexcept : item_(item) {}
    T& operator*() const noexcept { return *item_; }
    Iterator& operator++() noexcept {
      item_ = next(*item_);
      return *this;
    }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    T* item_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(first()); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(nullptr); }

  /// `item` stands in no set.
  void insert(T& item) noexcept {
    T* parent = nullptr;
    T** place = &root_;
    while (*place != nullptr) {
      parent = *place;
      place = &parent->links.child[Order{}(*parent, item)];
    }
    item.links = {.child = {}, .parent = parent};
    *place = &item;
    while (item.links.parent != nullptr && item.links.parent->priority < item.priority) rise(item);
  }

  /// `item` stands in this set.
  void erase(T& item) noexcept {
    auto& [before, behind] = item.links.child;
    while (before != nullptr && behind != nullptr) {
      rise(before->priority > behind->priority ? *before : *behind);
    }
    replace(item, before != nullptr ? before : behind);
  }

  [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }

  // Elements by the order; null where there is none.
  [[nodiscard]] T* first() const noexcept { return outermost(root_, kBefore); }
  [[nodiscard]] T* last() const noexcept { return outermost(root_, kBehind); }
  [[nodiscard]] static T* next(const T& item) noexcept { return step(item, kBehind); }
  [[nodiscard]] static T* prev(const T& item) noexcept { return step(item, kBefore); }

  /// The first element for which `too_early` is false: it is true for all before and for none behind. Which
  /// way the search goes is no branch, for it could not be predicted.
  template <class Predicate>
  [[nodiscard]] T* first_not(Predicate too_early) const noexcept {
    T* found = nullptr;
    for (T* item = root_; item != nullptr;) {
      const bool early = too_early(*item);
      found = early ? found : item;
      item = item->links.child[early];
    }
    return found;
  }

 private:
  static constexpr std::size_t kBefore = 0;
  static constexpr std::size_t kBehind = 1;

  static T* outermost(T* item, std::size_t side) noexcept {
    while (item != nullptr && item->links.child[side] != nullptr) item = item->links.child[side];
    return item;
  }

  static T* step(const T& item, std::size_t side) noexcept {
    if (T* below = item.links.child[side]) return outermost(below, 1 - side);
    const T* from = &item;
    T* above = item.links.parent;
    while (above != nullptr && above->links.child[side] == from) {
      from = above;
      above = above->links.parent;
    }
    return above;
  }

  /// A child takes the place of its parent, which becomes its child. The order stays.
  void rise(T& item) noexcept {
    T& parent = *item.links.parent;
    const bool side = parent.links.child[kBehind] == &item;
    T*& inner = item.links.child[!side];
    replace(parent, &item);
    parent.links.child[side] = inner;
    if (inner != nullptr) inner->links.parent = &parent;
    inner = &parent;
    parent.links.parent = &item;
  }

  /// `other`, or nothing, is where `item` was below its parent.
  void replace(const T& item, T* other) noexcept {
    T* parent = item.links.parent;
    (parent == nullptr ? root_ : parent->links.child[parent->links.child[kBehind] == &item]) = other;
    if (other != nullptr) other->links.parent = parent;
  }

  T* root_ = nullptr;
};

}  // namespace memsweep
