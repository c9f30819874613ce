// What the host is told of values that decide how a program goes on, and that no kernel computed: whether all
// or any of some values hold, and how many elements of a mask do.
//
// They are recognised by the kernels of PyTorch that compute them. For devices without memory behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "harness/standin/ranges.h"

namespace memsweep::standin {

class ReadRules {
 public:
  /// `density`: the share of a mask's elements that hold, 0 to 1.
  explicit ReadRules(double density) : density_(density) {}

  /// `kernel` as the compiler calls it, which stays where it is; null: not known. `arguments` points to each.
  void kernel_launched(const char* kernel, void* const* arguments);

  /// The host wrote to the device.
  void written();

  /// `bytes` bytes were copied on the device. PyTorch does so with one byte where it is asked for all() or
  /// any() of one element.
  void copied(std::size_t bytes);

  enum class Answered : std::uint8_t { nothing, truth, count };

  /// Writes to `to` what the kernels that were launched last would have left at `from`.
  [[nodiscard]] Answered read(Range from, std::byte* to) const;

 private:
  enum class Kernel : std::uint8_t {
    other,
    all,
    any,
    absolute,
    equal,           // or not, to another tensor
    equal_constant,  // the same, to a constant
    fill,            // with true or false
    holds,           // what arguments are validated by, besides
    extreme,         // the smallest or largest of some values
    to_truth,        // whether a number is not 0
    mask_sum,
    mask_parts,
    sum_of_parts
  };
  using Count = std::int32_t;
  using Counts = std::map<Address, Count>;  // by where they lie

  static Kernel recognise(std::string_view name);
  Kernel kind_of(const char* name);
  void keep_mask(Counts& counts, const char* name, void* const* arguments) const;

  double density_;
  std::unordered_map<const char*, Kernel> kinds_;
  Kernel last_ = Kernel::other;
  std::optional<bool> truth_;           // of one byte, wherever that lies
  std::optional<bool> of_one_element_;  // the same, if all() or any() is asked of it next
  std::optional<bool> compared_;        // what the last comparison says, if it is compared with true next
  Counts counts_;                       // of elements that hold
  Counts parts_;                        // the same, of which there are only partial sums yet
};

}  // namespace memsweep::standin
