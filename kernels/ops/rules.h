// What the rows of the op table are made of: rules for result types, costs and workspaces that many ops
// share.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/op.h"

namespace memsweep::ops {

using Types = std::vector<TensorType>;
using Inputs = std::span<const TensorType>;
using Numbers = std::span<const double>;
using Workspaces = std::vector<Workspace>;

/// Throws the sentence, its places filled with the shapes; they become text only then.
template <typename... Shapes>
void expect(bool holds, fmt::format_string<decltype(to_string(std::declval<Shapes>()))...> sentence,
            const Shapes&... shapes) {
  if (!holds) throw std::invalid_argument(fmt::format(sentence, to_string(shapes)...));
}

// Result types.
[[nodiscard]] Types nothing(Inputs in, Numbers numbers);
[[nodiscard]] Types first(Inputs in, Numbers numbers);
[[nodiscard]] Types second(Inputs in, Numbers numbers);
[[nodiscard]] Types same_as_both(Inputs in, Numbers numbers);
[[nodiscard]] Types same_as_all(Inputs in, Numbers numbers);
[[nodiscard]] Types scalar(Inputs in, Numbers numbers);  // f32

// Costs.

/// Bytes read and written.
[[nodiscard]] double traffic(const OpCall& call);
/// Bytes decide; one operation for each element moved is near enough where they do.
[[nodiscard]] Cost by_traffic(const OpCall& call);
[[nodiscard]] Cost free_of_charge(const OpCall& call);

// Workspaces.
[[nodiscard]] Workspaces no_workspace(const OpCall& call, const Multiprocessors& gpu);
/// What a reduction of that many rows borrows, if anything.
void append_reduction(Workspaces& list, std::int64_t rows, std::int64_t columns, const Multiprocessors& gpu);

/// What sums within each of many rows borrow, if anything.
void append_reduction_within_rows(Workspaces& list, std::int64_t rows, std::int64_t columns,
                                  const Multiprocessors& gpu);

/// The names of what a draw from the generator depends on, before those of the op itself.
[[nodiscard]] std::vector<std::string_view> drawn_and(std::initializer_list<std::string_view> more);

/// The row of an op that moves memory and borrows none.
[[nodiscard]] OpRow moving(Op op, std::string_view name, int inputs, Types (*infer)(Inputs, Numbers),
                           std::vector<std::string_view> attributes = {}, int outputs = 1);

}  // namespace memsweep::ops
