#include "harness/report/front_report.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/report/quantity.h"
#include "harness/report/table.h"

namespace memsweep {
namespace {

struct Point {
  const BoundaryRow* boundary;
  double rate = 0;  // samples a second where all were compared; 0: not measured
  const Point* beaten_by = nullptr;
};

/// Whether nothing speaks for `b` and something for `a`.
bool beats(const Point& a, const Point& b) {
  const BoundaryRow &x = *a.boundary, &y = *b.boundary;
  const bool worse = x.max_batch < y.max_batch || a.rate < b.rate || x.sample_bytes > y.sample_bytes;
  const bool better = x.max_batch > y.max_batch || a.rate > b.rate || x.sample_bytes < y.sample_bytes;
  return better && !worse;
}

double rate_of(std::span<const Row> rows, const BoundaryRow& boundary) {
  const auto compared = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.scenario == boundary.scenario && row.variant == boundary.variant &&
           row.purpose == Purpose::common;
  });
  if (compared == rows.end() || compared->result.step_seconds.median <= 0) return 0;
  return static_cast<double>(compared->batch) / compared->result.step_seconds.median;
}

std::vector<Point> points_of(std::span<const Row> rows, std::span<const BoundaryRow> boundaries) {
  std::vector<Point> points;
  for (const BoundaryRow& boundary : boundaries) points.push_back({&boundary, rate_of(rows, boundary)});
  std::stable_sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return a.boundary->max_batch > b.boundary->max_batch;
  });
  for (Point& point : points) {
    const auto other =
        std::find_if(points.begin(), points.end(), [&](const Point& p) { return beats(p, point); });
    if (other != points.end()) point.beaten_by = &*other;
  }
  return points;
}

}  // namespace

std::string front_report(std::span<const Row> rows, std::span<const BoundaryRow> boundaries) {
  const std::vector<Point> points = points_of(rows, boundaries);
  std::vector<std::vector<std::string>> records{
      {"variant", "max batch", "samples/s", "a sample", "fixed", "beaten by"}};
  for (const bool on_front : {true, false}) {
    for (const Point& point : points) {
      if ((point.beaten_by == nullptr) != on_front) continue;
      records.push_back({point.boundary->variant, fmt::format("{}", point.boundary->max_batch),
                         point.rate == 0 ? "-" : format_count(point.rate),
                         format_bytes(point.boundary->sample_bytes),
                         format_bytes(point.boundary->fixed_bytes),
                         on_front ? "nothing" : point.beaten_by->boundary->variant});
    }
  }
  const auto front =
      std::count_if(points.begin(), points.end(), [](const Point& p) { return p.beaten_by == nullptr; });
  return format_table(records) + fmt::format(
                                     "\nOf {} combinations {} are beaten by no other one in largest batch, "
                                     "samples a second and bytes a sample together.\n",
                                     points.size(), front);
}

}  // namespace memsweep
