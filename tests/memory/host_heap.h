// The host's heap under watch: it counts, and fails on demand. Replaces operator new and delete of the whole
// program, so one file of it may include this.
#pragma once

#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace memsweep::testing {

struct HostHeap {
  std::size_t countdown = 0;    // allocations until one fails; 0: none does
  std::size_t allocations = 0;  // so far
  std::size_t bytes = 0;        // in use, with what the heap rounds up
};

inline HostHeap host_heap;

}  // namespace memsweep::testing

// Not inlined: the compiler would see malloc and new mixed.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  memsweep::testing::HostHeap& heap = memsweep::testing::host_heap;
  if (heap.countdown > 0 && --heap.countdown == 0) throw std::bad_alloc();
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  ++heap.allocations;
  heap.bytes += malloc_usable_size(memory);
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  memsweep::testing::host_heap.bytes -= malloc_usable_size(memory);
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
