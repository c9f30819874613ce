#include "harness/standin/shadow.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace memsweep::standin {

void Shadow::write(Address to, std::span<const std::byte> bytes) {
  forget({to, bytes.size()});
  if (bytes.size() <= kMostBytes) keep(to, {bytes.begin(), bytes.end()});
}

void Shadow::fill(Range range, std::byte value) {
  forget(range);
  if (range.bytes <= kMostBytes) keep(range.address, Piece(range.bytes, value));
}

void Shadow::copy(Address to, Range from) {
  Piece piece(from.bytes <= kMostBytes ? from.bytes : 0);
  const bool known = from.bytes <= kMostBytes && read(from, piece.data());
  forget({to, from.bytes});
  if (known) keep(to, std::move(piece));
}

void Shadow::forget(Range range) {
  auto next = pieces_.upper_bound(range.address);
  if (next != pieces_.begin()) --next;
  while (next != pieces_.end() && next->first < range.end()) {
    const Address begin = next->first;
    const Address end = begin + next->second.size();
    if (end <= range.address) {
      ++next;
      continue;
    }
    const Piece piece = std::move(next->second);
    next = pieces_.erase(next);
    if (begin < range.address) keep(begin, {piece.begin(), piece.begin() + (range.address - begin)});
    if (range.end() < end) keep(range.end(), {piece.begin() + (range.end() - begin), piece.end()});
  }
}

bool Shadow::read(Range from, std::byte* to) const {
  std::vector<std::pair<const std::byte*, std::size_t>> parts;
  for (Address at = from.address; at < from.end();) {
    auto piece = pieces_.upper_bound(at);
    if (piece == pieces_.begin()) return false;
    --piece;
    const std::size_t offset = at - piece->first;
    if (offset >= piece->second.size()) return false;
    const std::size_t bytes = std::min(piece->second.size() - offset, from.end() - at);
    parts.emplace_back(piece->second.data() + offset, bytes);
    at += bytes;
  }
  for (const auto& [part, bytes] : parts) {
    std::memcpy(to, part, bytes);
    to += bytes;
  }
  return true;
}

void Shadow::keep(Address address, Piece piece) {
  if (!piece.empty()) pieces_.insert_or_assign(address, std::move(piece));
}

}  // namespace memsweep::standin
