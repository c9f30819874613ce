// What a scenario compares: a label and a step for each batch size.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/program/program.h"

namespace memsweep {

struct Variant {
  std::string label;
  std::function<Program(std::int64_t batch)> program;
  /// Where the variants of a scenario differ in them: what rows name; empty: what the user chose.
  std::string precision{};
  std::string optimizer{};
};

}  // namespace memsweep
