// What the benchmarks share: their counters print as columns of a table.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace memsweep {

/// BENCHMARK_MAIN() with --benchmark_counters_tabular.
inline int run_benchmarks_as_table(int argc, char** argv) {
  std::string table = "--benchmark_counters_tabular=true";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, table.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace memsweep
