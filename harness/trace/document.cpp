#include "harness/trace/document.h"

#include <array>

namespace memsweep {

std::string_view description(Value::Kind kind) noexcept {
  constexpr std::array<std::string_view, 12> kDescriptions{
      "None",          "a truth value", "a number",     "a negative number",
      "a real number", "bytes",         "a text",       "a tuple",
      "frames",        "a list",        "a dictionary", "something that was dropped before"};
  return kDescriptions[static_cast<std::size_t>(kind)];
}

TextId Document::intern(std::string_view text) {
  if (const auto known = ids_.find(text); known != ids_.end()) return known->second;
  const auto id = static_cast<TextId>(texts_.size());
  ids_.emplace(texts_.emplace_back(text), id);
  return id;
}

Value Document::make(Value::Kind kind) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(nodes_.size()));
    nodes_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  ++held_;
  return {std::uint64_t{nodes_[slot].generation} << 32 | slot, kind};
}

bool Document::is_alive(Value container) const noexcept {
  return container.is_container() && node(container).generation == container.bits >> 32;
}

bool Document::may_grow(Value container) const noexcept {
  return is_alive(container) && !node(container).referred_to;
}

void Document::refer_to(Value value) noexcept {
  if (is_alive(value)) node(value).referred_to = true;
}

std::span<const Value> Document::items(Value container) const noexcept {
  if (!is_alive(container)) return {};
  return node(container).items;
}

void Document::append(Value container, std::span<const Value> values) {
  for (const Value value : values) refer_to(value);
  std::vector<Value>& items = node(container).items;
  items.insert(items.end(), values.begin(), values.end());
  held_ += values.size();
}

std::size_t Document::length(Value list) const noexcept {
  return is_alive(list) ? node(list).items.size() + node(list).handed_over : 0;
}

void Document::count_handed_over(Value list) noexcept { ++node(list).handed_over; }

void Document::set_memo(Value container, std::uint32_t id) noexcept {
  if (is_alive(container) && !node(container).memo) node(container).memo = id;
}

std::optional<std::uint32_t> Document::memo(Value container) const noexcept {
  return is_alive(container) ? node(container).memo : std::nullopt;
}

void Document::forget(Value value) {
  to_forget_.assign(1, value);
  while (!to_forget_.empty()) {
    const Value next = to_forget_.back();
    to_forget_.pop_back();
    if (!is_alive(next)) continue;
    for (const Value item : node(next).items) {
      if (item.is_container()) to_forget_.push_back(item);
    }
    release(next);
  }
}

void Document::release(Value container) {
  constexpr std::size_t kKeptCapacity = 64;  // so that the next entry of a trace takes no new memory
  Node& released = node(container);
  held_ -= released.items.size() + 1;
  released.items.clear();
  if (released.items.capacity() > kKeptCapacity) released.items.shrink_to_fit();
  released.handed_over = 0;
  released.memo.reset();
  released.referred_to = false;
  ++released.generation;
  free_slots_.push_back(static_cast<std::uint32_t>(container.bits & 0xffffffff));
}

}  // namespace memsweep
