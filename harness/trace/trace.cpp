#include "harness/trace/trace.h"

namespace memsweep {

TraceBlock Trace::allocate(std::size_t bytes, std::uint16_t stream) {
  const auto block = static_cast<TraceBlock>(blocks++);
  operations.push_back({.bytes = bytes, .block = block, .stream = stream, .kind = Operation::Kind::allocate});
  return block;
}

void Trace::free(TraceBlock block) { operations.push_back({.block = block, .kind = Operation::Kind::free}); }

void Trace::empty_cache() { operations.push_back({.kind = Operation::Kind::empty_cache}); }

}  // namespace memsweep
