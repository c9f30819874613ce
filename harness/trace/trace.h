// What a program asks of its allocator, whatever the allocator makes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/memory/streams.h"
#include "harness/trace/recording.h"

namespace memsweep {

using TraceBlock = std::uint32_t;  // blocks are numbered from 0 as they are asked for

struct Operation {
  enum class Kind : std::uint8_t {
    allocate,
    free,
    lend,         // the block is used by another stream, too, which has not passed yet
    give_back,    // that stream passes
    attempt,      // allocate, and free at once: a request that was refused when the trace was taken
    empty_cache,  // has no block
  };

  std::size_t bytes = 0;  // of allocate and attempt
  TraceBlock block = 0;
  std::uint32_t event = 0;   // of a recording: where in it
  PlaceId place = 0;         // of allocate and attempt
  std::uint16_t stream = 0;  // of allocate and attempt: index into Trace::streams
  Kind kind = Kind::allocate;
};

struct Trace {
  std::vector<Operation> operations;
  std::size_t blocks = 0;
  std::vector<Stream> streams{0};
  std::vector<Place> places{Place{}};

  /// The same as operations, in the order in which they are called.
  TraceBlock allocate(std::size_t bytes, std::uint16_t stream = 0);
  void free(TraceBlock block);
  void empty_cache();
};

}  // namespace memsweep
