#include "harness/standin/read_rules.h"

#include <cmath>
#include <cstring>
#include <utility>

namespace memsweep::standin {
namespace {

template <class T>
T argument(void* const* arguments, std::size_t index) {
  T value;
  std::memcpy(&value, arguments[index], sizeof(value));
  return value;
}

/// The type of the number of elements that a kernel of CUB sums: the name has it behind that of a sum. 0: it
/// is not told.
char type_of_number(std::string_view name) {
  // As PyTorch from 2.11 on and before it has them.
  for (const std::string_view types : {"policy_hubIi", "DeviceReducePolicyIi"}) {
    const std::size_t at = name.find(types);
    if (at != name.npos && at + types.size() < name.size()) return name[at + types.size()];
  }
  return 0;
}

/// How many elements a kernel of CUB sums: its third argument.
std::optional<std::uint64_t> elements(std::string_view name, void* const* arguments) {
  switch (type_of_number(name)) {
    case 'i':
    case 'j': return argument<std::uint32_t>(arguments, 2);
    case 'l':
    case 'm':
    case 'x':
    case 'y': return argument<std::uint64_t>(arguments, 2);
    default: return std::nullopt;
  }
}

}  // namespace

/// A large mask is counted by two kernels: one leaves partial sums, which the other adds.
ReadRules::Kernel ReadRules::recognise(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != name.npos; };
  if (has("reduce_kernel")) {
    if (has("and_kernel_cuda")) return Kernel::all;
    if (has("MinNanFunctor") || has("MaxNanFunctor")) return Kernel::extreme;
    return has("or_kernel_cuda") ? Kernel::any : Kernel::other;
  }
  if (has("unrolled_elementwise_kernel") && has("direct_copy_kernel_cuda") && has("EUlbE_")) {
    return Kernel::to_truth;
  }
  if (has("vectorized_elementwise_kernel")) {
    if (has("16CompareEqFunctor")) {
      return has("13BinaryFunctor") ? Kernel::equal : Kernel::equal_constant;
    }
    if (has("10AbsFunctor")) return Kernel::absolute;
    if (has("11FillFunctorIbE")) return Kernel::fill;
    const bool holds = has("compare_scalar_kernel") || has("BitwiseAndFunctorIb") || has("MulFunctorIb");
    return holds ? Kernel::holds : Kernel::other;
  }
  if (has("DeviceReduceSingleTileKernel")) {
    return has("NonZeroOp") ? Kernel::mask_sum : Kernel::sum_of_parts;
  }
  return has("DeviceReduceKernel") && has("NonZeroOp") ? Kernel::mask_parts : Kernel::other;
}

ReadRules::Kernel ReadRules::kind_of(const char* name) {
  if (name == nullptr) return Kernel::other;
  const auto [kind, is_new] = kinds_.try_emplace(name, Kernel::other);
  if (is_new) kind->second = recognise(name);
  return kind->second;
}

void ReadRules::keep_mask(Counts& counts, const char* name, void* const* arguments) const {
  const auto all = elements(name, arguments);
  if (!all) return;
  const auto count = static_cast<Count>(std::llround(density_ * static_cast<double>(*all)));
  counts[argument<Address>(arguments, 1)] = count;
}

/// Validation asks x == x, x > 0 and info == 0; isnan() is x != x, and isinf() |x| == infinity. That the
/// smallest of some values is less than a bound, as istft() asks, is an error; so is an info that is not 0,
/// which is converted for any(). A comparison is asked for by comparing it with true, too.
void ReadRules::kernel_launched(const char* kernel, void* const* arguments) {
  constexpr int kEqual = 0;
  written();
  const Kernel before = std::exchange(last_, kind_of(kernel));
  switch (last_) {
    case Kernel::mask_sum: return keep_mask(counts_, kernel, arguments);
    case Kernel::mask_parts: return keep_mask(parts_, kernel, arguments);
    case Kernel::sum_of_parts:
      if (const auto parts = parts_.find(argument<Address>(arguments, 0)); parts != parts_.end()) {
        counts_[argument<Address>(arguments, 1)] = parts->second;
        return;
      }
      break;
    case Kernel::equal: {
      const bool with_true = before == Kernel::fill && compared_;
      of_one_element_ = with_true ? *compared_ : argument<int>(arguments, 1) == kEqual;
      break;
    }
    case Kernel::equal_constant: of_one_element_ = before != Kernel::absolute; break;
    case Kernel::fill: of_one_element_ = argument<std::uint8_t>(arguments, 1) != 0; break;
    case Kernel::holds:
      compared_ = before != Kernel::extreme;
      of_one_element_ = compared_;
      if (before == Kernel::extreme) truth_ = true;
      break;
    case Kernel::to_truth: of_one_element_ = false; break;
    case Kernel::all: truth_ = true; break;
    case Kernel::any: truth_ = false; break;
    case Kernel::extreme:
    case Kernel::absolute:
    case Kernel::other: break;
  }
  if (last_ != Kernel::holds && last_ != Kernel::fill) compared_.reset();
  counts_.clear();
  parts_.clear();
}

void ReadRules::written() {
  truth_.reset();
  of_one_element_.reset();
}

void ReadRules::copied(std::size_t bytes) {
  if (bytes != 1) return written();
  if (of_one_element_) truth_ = of_one_element_;
}

ReadRules::Answered ReadRules::read(Range from, std::byte* to) const {
  if (truth_ && from.bytes == 1) {
    *to = static_cast<std::byte>(*truth_);
    return Answered::truth;
  }
  if (counts_.empty() || from.bytes % sizeof(Count) != 0) return Answered::nothing;
  for (Address at = from.address; at < from.end(); at += sizeof(Count)) {
    if (!counts_.contains(at)) return Answered::nothing;
  }
  for (Address at = from.address; at < from.end(); at += sizeof(Count), to += sizeof(Count)) {
    std::memcpy(to, &counts_.at(at), sizeof(Count));
  }
  return Answered::count;
}

}  // namespace memsweep::standin
