// Kernels on the host. The blocks of a launch run one after the other, and the threads of a block in turns on
// the calling thread, each until it waits for others; so a kernel gives the same bits every time.
#pragma once

#include <cstdint>

namespace memsweep::standin {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
};

/// Where the thread of a kernel that runs now is: CUDA's variables of these names.
extern constinit thread_local Dim3 threadIdx, blockIdx, blockDim, gridDim;

inline constexpr int warpSize = 32;

/// Calls the kernel `function` once, for the current threadIdx and blockIdx. As for cudaLaunchKernel
/// `arguments` points to each argument.
using HostKernel = void (*)(const void* function, void** arguments);

/// From any thread; once or more often.
void register_host_kernel(const void* function, HostKernel run_thread);

/// Runs all threads; returns when they have. False: nobody registered `function`, and nothing ran. A launch
/// in which threads wait for some that never come ends the process with a sentence.
[[nodiscard]] bool run_host_kernel(const void* function, Dim3 grid, Dim3 block, void** arguments);

/// To be called in kernels: waits for all threads of the block.
void wait_for_block();
/// To be called in kernels by all lanes of a warp: the value that lane `lane` (of this thread's warp, of
/// which the last in a block may be smaller) gave; the caller's own where there is no such lane.
[[nodiscard]] std::uint64_t exchange_in_warp(std::uint64_t value, unsigned lane);

}  // namespace memsweep::standin
