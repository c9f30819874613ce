// A hand-written operation log of every kind of line.
#pragma once

#include <string>

#include "harness/trace/operation_log.h"
#include "harness/trace/replayed_log.h"

namespace memsweep::testing {

/// A device of 64 MiB with two streams.
inline const std::string kLogHead =
    "# case short\n"
    "# conf -\n"
    "# total_bytes 67108864\n"
    "# used_before 0\n"
    "# fraction -\n"
    "# stream 0 0\n"
    "# stream 1 a0\n"
    "# columns op id bytes stream ok addr allocated reserved device_used\n";

inline const std::string kLogOperations =
    "d malloc 200000000000 20971520 1\n"
    "a 1 5242880 0 1 200000000000 5242880 20971520 20971520\n"
    "r 1 0 1 1 0 5242880 20971520 20971520\n"
    "h 1 0 0 1 0 5242880 20971520 20971520\n"
    "f 1 0 0 1 200000000000 0 20971520 20971520\n"
    "c 1 3 1 1 0 0 20971520 20971520\n"
    "C 0 0 1 1 0 0 20971520 20971520\n"
    "h 0 0 0 1 0 0 20971520 20971520\n"
    "d malloc 0 104857600 1\n"
    "d free 200000000000 20971520 1\n"
    "d malloc 0 104857600 1\n"
    "a 2 104857600 0 0 0 0 0 0\n"
    "m tried=100.00_MiB total=64.00_MiB free=64.00_MiB allocated=0_bytes unallocated=0_bytes\n"
    "p 0 0 0 1 0 0 0 0\n"
    "q 0 0 0 1 0 0 0 0\n"
    "s expandable_segments:True\n"
    "d reserve 300000000000 75497472 1\n"
    "d create 0 2097152 1\n"
    "d map 300000000000 2097152 1\n"
    "d access 300000000000 2097152 1\n"
    "a 2 100 1 1 300000000000 512 2097152 2097152\n"
    "e 0 0 0 1 0 512 2097152 2097152\n";

inline std::string log_of(const std::string& operations) {
  return kLogHead + operations + "# segments 0\n# end\n";
}

/// The same with the layout that the operations leave behind.
inline std::string finished_log(const std::string& operations) {
  const OperationLog log = parse_operation_log(log_of(operations));
  ReplayedLog replayed(log);
  for (const LogOperation& operation : log.operations) replayed.perform(operation);
  std::string text = kLogHead + operations;
  for (const std::string& line : replayed.final_lines()) text += line + '\n';
  return text;
}

}  // namespace memsweep::testing
