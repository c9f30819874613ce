// Batch norm of images, whose channels are planes, and of rows, whose channels lie side by side. Sums are
// f64 and run in an order that the shape alone decides.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/channels.h"
#include "kernels/cpu/declarations.h"
#include "kernels/cpu/matrix_sums.h"
#include "kernels/cpu/operands.h"

namespace memsweep::cpu {
namespace {

/// Rows, or images of one place.
bool side_by_side(const Shape& x) { return x.elements() == x[0] * x[1]; }

Matrix rows_of(const Shape& x) { return {x[0], x[1]}; }

/// What a channel is normalised with.
struct Normal {
  const float *w, *bias;
  float *means, *rstds;

  void channel(const Channels& images, std::int64_t c, const float* x, float* y) const {
    const float mean = means[c], scale = rstds[c] * w[c], shift = bias[c];
    images.each(c, [=](std::int64_t i) { y[i] = (x[i] - mean) * scale + shift; });
  }

  void rows(Matrix size, const float* x, float* y) const {
    for_each_row(size, [=, *this](std::int64_t row) {
      const float* from = x + row * size.columns;
      float* to = y + row * size.columns;
#pragma omp simd
      for (std::int64_t c = 0; c < size.columns; ++c)
        to[c] = (from[c] - means[c]) * (rstds[c] * w[c]) + bias[c];
    });
  }
};

Normal normal_of(const Views& views) {
  return {input(views, 1), input(views, 2), output(views, 1), output(views, 2)};
}

/// What training keeps of a batch of n values a channel.
struct Kept {
  double n, eps, momentum;
  const float *old_mean, *old_variance;
  float *rstds, *running_mean, *running_variance;

  void keep(std::int64_t c, float mean, double squares) const {
    rstds[c] = static_cast<float>(1 / std::sqrt(squares / n + eps));
    running_mean[c] = moved(old_mean[c], static_cast<double>(mean));
    running_variance[c] = moved(old_variance[c], squares / std::max(1.0, n - 1));
  }

 private:
  [[nodiscard]] float moved(float old, double value) const {
    return static_cast<float>((1 - momentum) * static_cast<double>(old) + momentum * value);
  }
};

/// Sums of value(c, i) over the rows, i being an element's place in the matrix; store(c, sum) for each column
/// c.
template <class Value, class Store>
void sum_each_column(Matrix size, const Value& value, const Store& store) {
  sum_over_rows<1>(
      size,
      [=](auto& sums, std::int64_t row, Columns columns) {
        const std::int64_t first = row * size.columns + columns.first;
        double* sum = sums[0].data();
#pragma omp simd
        for (std::int64_t i = 0; i < columns.count; ++i)
          sum[i] += static_cast<double>(value(columns.first + i, first + i));
      },
      [=](const auto& sums, Columns columns) {
        for (std::int64_t i = 0; i < columns.count; ++i)
          store(columns.first + i, sums[0][static_cast<std::size_t>(i)]);
      });
}

}  // namespace

void batch_norm(const OpCall& call, const Views& views) {
  const auto [eps, momentum] = call.numbers<2>();
  const Shape& shape = call.inputs[0].shape;
  const Channels images = Channels::of(shape);
  const float* x = input(views, 0);
  float *y = output(views, 0), *means = output(views, 1);
  const Normal normal = normal_of(views);
  const Kept kept{
      images.values(), eps, momentum, input(views, 3), input(views, 4), output(views, 2), output(views, 3),
      output(views, 4)};
  if (side_by_side(shape)) {
    sum_each_column(
        rows_of(shape), [=](std::int64_t, std::int64_t i) { return x[i]; },
        [=](std::int64_t c, double sum) { means[c] = static_cast<float>(sum / kept.n); });
    sum_each_column(
        rows_of(shape), [=](std::int64_t c, std::int64_t i) { return (x[i] - means[c]) * (x[i] - means[c]); },
        [=](std::int64_t c, double squares) { kept.keep(c, means[c], squares); });
    normal.rows(rows_of(shape), x, y);
  } else {
    images.each_channel([=](std::int64_t c) {
      const auto mean = static_cast<float>(images.sum(c, [=](std::int64_t i) { return x[i]; }) / kept.n);
      means[c] = mean;
      kept.keep(c, mean, images.sum(c, [=](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); }));
      normal.channel(images, c, x, y);
    });
  }
  *output<std::int64_t>(views, 5) = *input<std::int64_t>(views, 5) + 1;
}

void batch_norm_frozen(const OpCall& call, const Views& views) {
  const auto [eps] = call.numbers<1>();
  const Shape& shape = call.inputs[0].shape;
  const float *x = input(views, 0), *running_mean = input(views, 3), *running_variance = input(views, 4);
  float* y = output(views, 0);
  const Normal normal = normal_of(views);
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    normal.means[c] = running_mean[c];
    normal.rstds[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(running_variance[c]) + eps));
  }
  if (side_by_side(shape)) return normal.rows(rows_of(shape), x, y);
  const Channels images = Channels::of(shape);
  images.each_channel([=](std::int64_t c) { normal.channel(images, c, x, y); });
}

void batch_norm_backward(const OpCall& call, const Views& views) {
  const bool training = call.numbers<1>()[0] != 0;
  const Channels images = Channels::of(call.inputs[1].shape);
  const float *grad = input(views, 0), *x = input(views, 1), *w = input(views, 2);
  const float *means = input(views, 3), *rstds = input(views, 4);
  float *dx = output(views, 0), *dw = output(views, 1), *dbias = output(views, 2);
  const double n = images.values();
  images.each_channel([=](std::int64_t c) {
    const float mean = means[c], rstd = rstds[c];
    const double sum = images.sum(c, [=](std::int64_t i) { return grad[i]; });
    const double along = images.sum(c, [=](std::int64_t i) { return grad[i] * ((x[i] - mean) * rstd); });
    dw[c] = static_cast<float>(along);
    dbias[c] = static_cast<float>(sum);
    const auto mean_grad = static_cast<float>(training ? sum / n : 0);
    const auto mean_along = static_cast<float>(training ? along / n : 0);
    const float scale = w[c] * rstd;
    images.each(c, [=](std::int64_t i) {
      dx[i] = scale * (grad[i] - mean_grad - (x[i] - mean) * rstd * mean_along);
    });
  });
}

void batch_norm_sums(const OpCall& call, const Views& views) {
  const Matrix size = rows_of(call.inputs[1].shape);
  const float *grad = input(views, 0), *x = input(views, 1), *means = input(views, 3),
              *rstds = input(views, 4);
  float *sums = output(views, 0), *along = output(views, 1), *dw = output(views, 2),
        *dbias = output(views, 3);
  sum_each_column(
      size, [=](std::int64_t, std::int64_t i) { return grad[i]; },
      [=](std::int64_t c, double sum) { sums[c] = dbias[c] = static_cast<float>(sum); });
  sum_each_column(
      size, [=](std::int64_t c, std::int64_t i) { return grad[i] * (x[i] - means[c]); },
      [=](std::int64_t c, double sum) {
        along[c] = static_cast<float>(sum);
        dw[c] = static_cast<float>(sum * static_cast<double>(rstds[c]));
      });
}

void batch_norm_elements(const OpCall& call, const Views& views) {
  const bool training = call.numbers<1>()[0] != 0;
  const Matrix size = rows_of(call.inputs[1].shape);
  const float *all_grad = input(views, 0), *all_x = input(views, 1), *w = input(views, 2);
  const float *means = input(views, 3), *rstds = input(views, 4);
  const float *sums = input(views, 5), *along = input(views, 6);
  float* all_dx = output(views, 0);
  const float share = training ? 1.0f / static_cast<float>(size.rows) : 0.0f;
  for_each_row(size, [=](std::int64_t row) {
    const float *grad = all_grad + row * size.columns, *x = all_x + row * size.columns;
    float* dx = all_dx + row * size.columns;
#pragma omp simd
    for (std::int64_t c = 0; c < size.columns; ++c) {
      const float of_deviation = (x[c] - means[c]) * (rstds[c] * rstds[c] * along[c] * share);
      dx[c] = (grad[c] - sums[c] * share - of_deviation) * (w[c] * rstds[c]);
    }
  });
}

}  // namespace memsweep::cpu
