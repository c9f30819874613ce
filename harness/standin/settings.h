// What the modelled devices are: read from the environment variable MEMSWEEP_STANDIN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace memsweep::standin {

/// A function of the libraries is to fail.
struct Fault {
  std::string function;    // "cudaMalloc"
  std::uint64_t call = 1;  // the first of its calls that fails, counted from 1
  bool forever = false;    // and every later one
  int error = 0;
};

struct Settings {
  int devices = 1;
  std::size_t memory = std::size_t{80} << 30;  // bytes a device
  std::size_t context = 0;                     // bytes in use before the first allocation
  std::size_t others = 0;                      // bytes in use by another process
  bool compute = false;                        // host memory behind device memory, and kernels run
  bool garbage = false;                        // with compute: new device memory holds NaN, not zeros
  int capability = 90;                         // 10 x major + minor
  int multiprocessors = 132;
  int threads = 2048;  // a multiprocessor
  int clock = 1980;    // MHz
  int memory_clock = 2619;
  int temperature = 40;  // degrees Celsius
  std::uint64_t throttled =
      0;  // so many times that it is asked, it is too hot to keep the clock; then it is not
  std::string name = "Modelled device";
  std::size_t workspace = 0;  // bytes that a matrix product or a convolution asks for
  std::string cudnn;   // the true cuDNN that is asked about graphs: a file, or `installed`; empty: none
  double density = 1;  // the share of a mask's elements that a program is told to hold (read_rules.h)
  std::string report;  // the folder for a file on what each process did; empty: none
  bool leaks = false;  // what is left at exit is listed, and the exit status kLeakStatus
  std::vector<Fault> faults;
};

/// Reads "cudaMalloc:3:cudaErrorMemoryAllocation": the third call fails; "3+": that and all later ones;
/// "every": all. Throws UsageError.
[[nodiscard]] Fault parse_fault(std::string_view text);

/// Reads "memory=1GiB,compute=on,fail=cudaMalloc:3:cudaErrorMemoryAllocation". What is not said has its
/// default. Throws UsageError.
[[nodiscard]] Settings parse_settings(std::string_view text);

}  // namespace memsweep::standin
