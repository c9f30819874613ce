// What small pieces of device memory hold, as far as the host knows: what it uploaded, set or had copied.
//
// For devices without memory behind them. Kernels are not run, so what is known of memory that a kernel wrote
// to is out of date, and nobody tells.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "harness/standin/ranges.h"

namespace memsweep::standin {

class Shadow {
 public:
  /// Pieces of more bytes are not kept.
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10;

  void write(Address to, std::span<const std::byte> bytes);
  void fill(Range range, std::byte value);
  void copy(Address to, Range from);

  /// Nothing is known of a range any more.
  void forget(Range range);

  /// False where not all of `from` is known; `to` is then as before.
  [[nodiscard]] bool read(Range from, std::byte* to) const;

 private:
  using Piece = std::vector<std::byte>;

  void keep(Address address, Piece piece);

  std::map<Address, Piece> pieces_;  // apart from each other
};

}  // namespace memsweep::standin
