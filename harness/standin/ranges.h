// Which addresses are handed out: always the lowest gap that is large enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace memsweep::standin {

using Address = std::uintptr_t;

[[nodiscard]] inline Address address_of(const void* pointer) { return reinterpret_cast<Address>(pointer); }

struct Range {
  Address address = 0;
  std::size_t bytes = 0;

  [[nodiscard]] Address end() const { return address + bytes; }
  [[nodiscard]] bool holds(Range other) const { return address <= other.address && other.end() <= end(); }
};

class Ranges {
 public:
  /// Addresses in `whole`; it does not begin at 0.
  explicit Ranges(Range whole) : whole_(whole) {}

  /// The lowest `bytes` > 0 bytes at a multiple of `alignment`, a power of two; 0 where there are none.
  [[nodiscard]] Address take(std::size_t bytes, std::size_t alignment);

  /// Gives back what was taken at `address`; false where nothing was.
  bool give_back(Address address) { return taken_.erase(address) == 1; }

  /// The taken range that holds `address`; of no bytes where none does.
  [[nodiscard]] Range around(Address address) const;

  /// Sizes by address.
  [[nodiscard]] const std::map<Address, std::size_t>& taken() const { return taken_; }

 private:
  Range whole_;
  std::map<Address, std::size_t> taken_;
};

}  // namespace memsweep::standin
