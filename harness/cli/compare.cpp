#include "harness/report/compare.h"

#include <cstdio>

#include <fmt/format.h>

#include "harness/cli/commands.h"

namespace memsweep {

int compare_results(const std::string& base, const std::string& next) {
  const Comparison comparison = compare(base, next);
  fmt::print("{}", comparison.report);
  return comparison.status;
}

}  // namespace memsweep
