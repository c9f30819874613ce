// Values from the counter-based generator.
#include "kernels/ops/groups.h"
#include "kernels/ops/rules.h"

namespace memsweep::ops {
namespace {

OpRow generator(Op op, std::string_view name, std::vector<std::string_view> attributes) {
  return {op, name, 0, 1, std::move(attributes), nullptr, by_traffic, no_workspace};
}

}  // namespace

std::vector<OpRow> generator_rows() {
  return {
      generator(Op::uniform, "uniform", drawn_and({"scale", "offset"})),
      generator(Op::integers, "integers", drawn_and({"modulus"})),
      generator(Op::fill, "fill", {"value"}),
      generator(Op::tokens, "tokens", drawn_and({"modulus", "shift"})),
      generator(Op::positions, "positions", {}),
      generator(Op::causal_mask, "causal_mask", {}),
      {Op::empty, "empty", 0, 1, {}, nullptr, free_of_charge, no_workspace},
  };
}

}  // namespace memsweep::ops
