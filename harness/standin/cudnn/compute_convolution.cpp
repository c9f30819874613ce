#include "harness/standin/cudnn/convolution.h"
#include "harness/standin/host_values.h"

namespace memsweep::standin {
namespace {

/// Calls visit(place in x, place in w, place in y) for each product that is summed up.
template <class Visit>
void for_each_product(const Convolution& c, Visit visit) {
  const auto along = [&](int axis, std::int64_t extent, std::int64_t place, auto each) {
    for (std::int64_t k = 0; k < c.kernel[axis]; ++k) {
      const std::int64_t at = place * c.stride[axis] + k - c.padding[axis];
      if (at >= 0 && at < extent) each(at, k);
    }
  };
  for (std::int64_t y = 0; y < c.y_elements(); ++y) {
    const std::int64_t place = y % c.places, line = y / c.places % c.lines,
                       filter = y / c.places / c.lines % c.filters,
                       image = y / c.places / c.lines / c.filters;
    for (std::int64_t channel = 0; channel < c.channels; ++channel) {
      const std::int64_t plane = image * c.channels + channel, kernel = filter * c.channels + channel;
      along(0, c.height, line, [&](std::int64_t down, std::int64_t i) {
        along(1, c.width, place, [&](std::int64_t right, std::int64_t j) {
          visit((plane * c.height + down) * c.width + right, (kernel * c.kernel[0] + i) * c.kernel[1] + j, y);
        });
      });
    }
  }
}

/// As the products read them.
std::vector<float> factors(const void* data, const Convolution& c, std::int64_t elements) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(elements));
  for (std::int64_t i = 0; i < elements; ++i) {
    const float value = load_value(data, c.type, i);
    values.push_back(c.tf32 ? tf32_of_f32(value) : value);
  }
  return values;
}

void store_sums(const std::vector<double>& sums, const Convolution& c, const ConvolutionData& data,
                void* to) {
  std::int64_t i = 0;
  for (const double sum : sums) {
    const double kept = data.beta == 0 ? 0 : static_cast<double>(data.beta * load_value(to, c.type, i));
    store_value(to, c.type, i++, static_cast<float>(static_cast<double>(data.alpha) * sum + kept));
  }
}

}  // namespace

void compute(const Convolution& c, Computed computed, const ConvolutionData& data) {
  const auto sums_of = [&](std::int64_t elements, auto add) {
    std::vector<double> sums(static_cast<std::size_t>(elements));
    for_each_product(c, [&](std::int64_t x, std::int64_t w, std::int64_t y) { add(sums, x, w, y); });
    return sums;
  };
  const auto product = [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); };
  switch (computed) {
    case Computed::result: {
      const auto xs = factors(data.x, c, c.x_elements()), ws = factors(data.w, c, c.w_elements());
      const auto add = [&](auto& sums, auto x, auto w, auto y) { sums[y] += product(xs[x], ws[w]); };
      return store_sums(sums_of(c.y_elements(), add), c, data, data.y);
    }
    case Computed::image: {
      const auto ws = factors(data.w, c, c.w_elements()), ys = factors(data.y, c, c.y_elements());
      const auto add = [&](auto& sums, auto x, auto w, auto y) { sums[x] += product(ws[w], ys[y]); };
      return store_sums(sums_of(c.x_elements(), add), c, data, data.x);
    }
    case Computed::filter: {
      const auto xs = factors(data.x, c, c.x_elements()), ys = factors(data.y, c, c.y_elements());
      const auto add = [&](auto& sums, auto x, auto w, auto y) { sums[w] += product(xs[x], ys[y]); };
      return store_sums(sums_of(c.w_elements(), add), c, data, data.w);
    }
  }
}

}  // namespace memsweep::standin
