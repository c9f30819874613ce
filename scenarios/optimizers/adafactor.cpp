// Adafactor (torch/optim/_adafactor.py): the second moment of a matrix is kept as the means of its rows and
// of its columns.
//
//   b = t^beta2_decay;  alpha = max(eps2, rms(p)) min(lr, 1 / sqrt(t));  p *= 1 - lr wd
//   matrix: r += b (row means of g^2 - r);  c += b (column means of g^2 - c);  v = r c / max(mean(r), eps1)
//   vector: v += b (g^2 - v);  then both: u = g / sqrt(max(v, eps1^2));  p -= alpha / max(1, rms(u) / d) u
//
// Transient memory: an update as large as a weight, and what the reductions over its columns borrow
// (for-loop, the default); updates for all matrices, then for all vectors (foreach). PyTorch brings the norms
// of weights and updates to the host, which frees them at once; the step here takes both sizes itself.
#include <fmt/format.h>

#include <optional>

#include "harness/base/errors.h"
#include "scenarios/optimizer.h"
#include "scenarios/optimizers/script.h"

namespace memsweep::optimizers_in {
namespace {

using Options = OptimizerOptions;

struct Factored {
  Parameter parameter;
  /// Of a matrix the rows and columns, of a vector the variance.
  std::optional<BufferId> rows, columns, variance;
};

bool is_matrix(const Factored& f) { return f.rows.has_value(); }

std::vector<Factored> make_states(Script& s) {
  std::vector<Factored> list;
  for (const Parameter& p : s.parameters) {
    const Shape shape = s.shape(p.weight);
    if (shape.rank > 2) {
      throw UsageError(
          fmt::format("optimizer adafactor is modelled for matrices and vectors, not for weights of {}",
                      to_string(shape)));
    }
    Factored f{p, {}, {}, {}};
    if (shape.rank == 2) {
      f.rows = s.filled("row_var", p.weight, {{shape[0], 1}, s.dtype(p.weight)}, 0);
      f.columns = s.filled("col_var", p.weight, {{1, shape[1]}, s.dtype(p.weight)}, 0);
    } else {
      f.variance = s.zeros("variance", p.weight);
    }
    list.push_back(f);
  }
  return list;
}

/// A norm that goes to the host.
void take_norm(Script& s, BufferId x) { static_cast<void>(s.make(Op::norm, {x}, {2})); }

Held outer_product(Script& s, const Factored& f) { return s.make(Op::mm, {*f.rows, *f.columns}, {0, 0}); }

Held mean_of_rows(Script& s, const Factored& f, const Options& o) {
  return s.make(Op::mean_at_least, {*f.rows}, {o["eps1"]});
}

void finish(Script& s, const Factored& f, BufferId update, const Options& o) {
  s.update(Op::adafactor_step, {f.parameter.weight, update}, {o["lr"], o["eps2"], o["d"], o["weight_decay"]});
}

void write_for_loop(Script& s, const std::vector<Factored>& list, const Options& o) {
  Held update, estimate, squares, column_mean, row_mean, gradient;
  for (const Factored& f : list) {
    s.next_gradient(gradient, f.parameter, o.on("maximize"), 0);
    take_norm(s, f.parameter.weight);
    if (is_matrix(f)) {
      row_mean = s.make(Op::row_mean_squares, {gradient});
      s.update(Op::lerp_decayed, {*f.rows, row_mean}, {o["beta2_decay"]});
      column_mean = s.make(Op::column_mean_squares, {gradient});
      s.update(Op::lerp_decayed, {*f.columns, column_mean}, {o["beta2_decay"]});
      estimate = outer_product(s, f);
      s.update(Op::divide_by, {estimate, mean_of_rows(s, f, o)});
    } else {
      squares = s.make(Op::square, {gradient});
      s.update(Op::lerp_decayed, {*f.variance, squares}, {o["beta2_decay"]});
      estimate = s.make(Op::clone, {*f.variance});
    }
    update = estimate;
    s.update(Op::adafactor_direction, {update, gradient}, {o["eps1"]});
    take_norm(s, update);
    finish(s, f, update, o);
  }
}

/// What the function's variables hold from one group of parameters to the next.
struct Lists {
  List updates, estimates, gradients;
};

List estimate_matrices(Script& s, const std::vector<Factored>& group, const List& gradients,
                       const Options& o) {
  const auto average = [&](Op mean, std::optional<BufferId> Factored::*state) {
    List means;
    for (const Held& gradient : gradients) means.push_back(s.make(mean, {gradient}));
    for (std::size_t i = 0; i < group.size(); ++i)
      s.update(Op::lerp_decayed, {(group[i].*state).value(), means[i]}, {o["beta2_decay"]});
  };
  average(Op::row_mean_squares, &Factored::rows);
  average(Op::column_mean_squares, &Factored::columns);
  List estimates, means;
  for (const Factored& f : group) estimates.push_back(outer_product(s, f));
  for (const Factored& f : group) means.push_back(mean_of_rows(s, f, o));
  for (std::size_t i = 0; i < group.size(); ++i) s.update(Op::divide_by, {estimates[i], means[i]});
  return estimates;
}

List estimate_vectors(Script& s, const std::vector<Factored>& group, const List& gradients,
                      const Options& o) {
  List squares, estimates;
  for (const Held& gradient : gradients) squares.push_back(s.make(Op::square, {gradient}));
  for (std::size_t i = 0; i < group.size(); ++i)
    s.update(Op::lerp_decayed, {group[i].variance.value(), squares[i]}, {o["beta2_decay"]});
  squares.clear();
  for (const Factored& f : group) estimates.push_back(s.make(Op::clone, {f.variance.value()}));
  return estimates;
}

void write_group(Script& s, const std::vector<Factored>& group, Lists& lists, const Options& o) {
  lists.gradients.clear();
  for (const Factored& f : group) {
    lists.gradients.push_back(o.on("maximize") ? s.make(Op::scale, {f.parameter.gradient}, {-1})
                                               : Held(f.parameter.gradient));
  }
  for (const Factored& f : group) take_norm(s, f.parameter.weight);
  const auto estimate = is_matrix(group.front()) ? estimate_matrices : estimate_vectors;
  lists.estimates = estimate(s, group, lists.gradients, o);
  lists.updates = lists.estimates;
  for (std::size_t i = 0; i < group.size(); ++i)
    s.update(Op::adafactor_direction, {lists.updates[i], lists.gradients[i]}, {o["eps1"]});
  for (const Held& update : lists.updates) take_norm(s, update);
  for (std::size_t i = 0; i < group.size(); ++i) finish(s, group[i], lists.updates[i], o);
}

/// Matrices and vectors are groups of their own, the first parameter's first.
void write_foreach(Script& s, const std::vector<Factored>& list, const Options& o) {
  Lists lists;
  for (const bool first_kind : {true, false}) {
    std::vector<Factored> group;
    for (const Factored& f : list) {
      if ((is_matrix(f) == is_matrix(list.front())) == first_kind) group.push_back(f);
    }
    if (!group.empty()) write_group(s, group, lists, o);
  }
}

void write(Script& s, const Options& o) {
  const std::vector<Factored> list = make_states(s);
  o.implementation() == Implementation::for_loop ? write_for_loop(s, list, o) : write_foreach(s, list, o);
}

}  // namespace

std::vector<Optimizer> adafactor() {
  return {{"adafactor",
           "second moments of rows and columns only: next to no state",
           {{"lr", 0.01},
            {"beta2_decay", -0.8, Values::at_most_0},
            {"eps1", 1.1920928955078125e-07},  // float32's epsilon
            {"eps2", 1e-3},
            {"d", 1, Values::at_least_1},
            {"weight_decay", 0},
            {"maximize", 0, Values::flag}},
           {Implementation::for_loop, Implementation::foreach},
           write}};
}

}  // namespace memsweep::optimizers_in
