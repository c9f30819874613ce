// A device that counts, as counting.h says, while a real one takes and gives back the same memory.
#pragma once

#include <iterator>
#include <map>

#include "harness/memory/sources/counting.h"

namespace memsweep {

/// Addresses are those of the one that counts. What the real device refuses is refused.
class MirroredSource final : public SegmentSource, public PageSource {
 public:
  /// Bytes, as of CountingSource. Without `real` it only counts; it must outlive this.
  explicit MirroredSource(std::size_t total, std::size_t used_before = 0, SegmentSource* real = nullptr)
      : counting_(total, used_before), real_(real) {}
  ~MirroredSource() override {
    for (const auto& [address, at] : pages_) real_->pages()->unmap(at.address, at.bytes, 1);
    for (const auto& [address, at] : ranges_) real_->pages()->unreserve(at.address, at.bytes);
    for (const auto& [address, at] : segments_) real_->release(at.address, at.bytes);
  }
  MirroredSource(const MirroredSource&) = delete;
  MirroredSource& operator=(const MirroredSource&) = delete;

  Address allocate(std::size_t bytes) noexcept override {
    const Address address = counting_.allocate(bytes);
    if (real_ == nullptr || address == 0) return address;
    if (const Address at = real_->allocate(bytes); at != 0) {
      segments_[address] = {at, bytes};
      return address;
    }
    counting_.release(address, bytes);
    return 0;
  }
  void release(Address address, std::size_t bytes) noexcept override {
    counting_.release(address, bytes);
    if (real_ == nullptr) return;
    real_->release(segments_.at(address).address, bytes);
    segments_.erase(address);
  }
  Info info() const noexcept override { return counting_.info(); }
  PageSource* pages() noexcept override { return this; }

  Address reserve(std::size_t bytes) noexcept override {
    const Address address = counting_.reserve(bytes);
    if (real_ == nullptr || address == 0) return address;
    if (const Address at = real_->pages() != nullptr ? real_->pages()->reserve(bytes) : 0; at != 0) {
      ranges_[address] = {at, bytes};
      return address;
    }
    counting_.unreserve(address, bytes);
    return 0;
  }
  void unreserve(Address address, std::size_t bytes) noexcept override {
    counting_.unreserve(address, bytes);
    if (real_ == nullptr) return;
    real_->pages()->unreserve(ranges_.at(address).address, bytes);
    ranges_.erase(address);
  }
  bool map(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    if (!counting_.map(address, page_bytes, count)) return false;
    if (real_ == nullptr) return true;
    const Address at = real_address(address);
    if (!real_->pages()->map(at, page_bytes, count)) {
      counting_.unmap(address, page_bytes, count);
      return false;
    }
    for (std::size_t page = 0; page < count; ++page)
      pages_[address + page * page_bytes] = {at + page * page_bytes, page_bytes};
    return true;
  }
  void unmap(Address address, std::size_t page_bytes, std::size_t count) noexcept override {
    counting_.unmap(address, page_bytes, count);
    if (real_ == nullptr) return;
    real_->pages()->unmap(real_address(address), page_bytes, count);
    for (std::size_t page = 0; page < count; ++page) pages_.erase(address + page * page_bytes);
  }

 private:
  struct Place {
    Address address;
    std::size_t bytes;
  };

  /// Of an address in a range.
  [[nodiscard]] Address real_address(Address address) const {
    const auto& [first, at] = *std::prev(ranges_.upper_bound(address));
    return at.address + (address - first);
  }

  CountingSource counting_;
  SegmentSource* real_;
  std::map<Address, Place> segments_, ranges_, pages_;  // on the real device, by the addresses that are told
};

}  // namespace memsweep
