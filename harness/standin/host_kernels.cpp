#include "harness/standin/host_kernels.h"

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

// AddressSanitizer is told of changes of stacks, where a program has it.
extern "C" {
[[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
}

namespace memsweep::standin {

constinit thread_local Dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

struct Launch {
  const void* function;
  HostKernel run_thread;
  void** arguments;
};

/// A stack of its own, and where its execution stopped.
struct Fiber {
  void* stack = nullptr;  // null: the one that the process gave
  std::size_t stack_bytes = 0;
  bool begun = true;  // else it begins with `context`
  ucontext_t context{};
  std::array<void*, 5> stopped{};  // as __builtin_setjmp leaves it
  void* fake_stack = nullptr;      // AddressSanitizer's
};

[[noreturn, gnu::noinline, gnu::no_sanitize("address")]] void go_on(Fiber& fiber) {
  __builtin_longjmp(fiber.stopped.data(), 1);
}

/// Jumps where it can, by the compiler's own means: swapcontext asks the kernel for the signals that are
/// blocked, and AddressSanitizer for their stack before each longjmp that it knows of.
void switch_fiber(Fiber& from, Fiber& to) {
  if (__sanitizer_start_switch_fiber != nullptr) {
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
  }
  if (__builtin_setjmp(from.stopped.data()) == 0) {
    if (to.begun) go_on(to);
    to.begun = true;
    setcontext(&to.context);
  }
  if (__sanitizer_finish_switch_fiber != nullptr) {
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
  }
}

/// Runs the threads of one block at a time. A fiber begins one thread after the other until one waits; only
/// then another fiber goes on. So a kernel without barriers takes one fiber.
class Block {
 public:
  void run(const Launch& launch) {
    launch_ = launch;
    threads_.assign(std::size_t{blockDim.x} * blockDim.y * blockDim.z, {});
    begun_ = 0;
    while (begun_ < threads_.size()) resume(idle_fiber());
    while (release()) {
      for (std::size_t i = 0; i < threads_.size(); ++i) {
        if (threads_[i].fiber == nullptr || threads_[i].waits_for != Waits::nobody) continue;
        enter(i);
        resume(*threads_[i].fiber);
      }
    }
  }

  void wait_for_block() { wait(Waits::block); }

  std::uint64_t exchange_in_warp(std::uint64_t value, unsigned lane) {
    // Nobody can be two exchanges ahead of a lane that has yet to read.
    const std::size_t place = running().exchanges++ % kPlaces, source = running_ / kWarp * kWarp + lane;
    running().given[place] = value;
    wait(Waits::warp);
    return lane < kWarp && source < threads_.size() ? threads_[source].given[place] : value;
  }

 private:
  static constexpr std::size_t kWarp = warpSize, kPlaces = 2;
  static constexpr std::size_t kStackBytes = std::size_t{128} << 10;

  enum class Waits : std::uint8_t { nobody, warp, block };

  struct Thread {
    Fiber* fiber = nullptr;  // null: it has not begun, or has returned
    Waits waits_for = Waits::nobody;
    std::size_t exchanges = 0;
    std::array<std::uint64_t, kPlaces> given{};
  };

  struct OwnedFiber : Fiber {
    std::unique_ptr<std::byte[]> memory = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  };

  Thread& running() { return threads_[running_]; }

  void enter(std::size_t i) {
    running_ = i;
    const auto thread = static_cast<unsigned>(i);
    threadIdx = {thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / blockDim.x / blockDim.y};
  }

  Fiber& idle_fiber() {
    if (idle_.empty()) return new_fiber();
    Fiber* fiber = idle_.back();
    idle_.pop_back();
    return *fiber;
  }

  Fiber& new_fiber() {
    OwnedFiber& fiber = *fibers_.emplace_back(std::make_unique<OwnedFiber>());
    fiber.stack = fiber.memory.get();
    fiber.stack_bytes = kStackBytes;
    fiber.begun = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kStackBytes;
    makecontext(&fiber.context, begin_fiber, 0);
    return fiber;
  }

  void resume(Fiber& fiber) {
    current_ = &fiber;
    switch_fiber(scheduler_, fiber);
  }

  static void begin_fiber();

  [[noreturn]] void run_threads() {
    while (true) {
      while (begun_ < threads_.size()) {
        const std::size_t i = begun_++;
        enter(i);
        launch_.run_thread(launch_.function, launch_.arguments);
        threads_[i].fiber = nullptr;
      }
      idle_.push_back(current_);
      switch_fiber(*current_, scheduler_);
    }
  }

  void wait(Waits for_whom) {
    Fiber& fiber = *current_;
    running().fiber = &fiber;
    running().waits_for = for_whom;
    switch_fiber(fiber, scheduler_);
  }

  bool all_wait_for(Waits whom, std::size_t begin, std::size_t end) const {
    return std::all_of(threads_.begin() + static_cast<std::ptrdiff_t>(begin),
                       threads_.begin() + static_cast<std::ptrdiff_t>(end), [=](const Thread& thread) {
                         return thread.fiber != nullptr && thread.waits_for == whom;
                       });
  }

  bool release_if_all_wait_for(Waits whom, std::size_t begin, std::size_t end) {
    if (!all_wait_for(whom, begin, end)) return false;
    for (std::size_t i = begin; i < end; ++i) threads_[i].waits_for = Waits::nobody;
    return true;
  }

  /// False: all threads have returned.
  bool release() {
    bool released = false;
    for (std::size_t first = 0; first < threads_.size(); first += kWarp) {
      released |= release_if_all_wait_for(Waits::warp, first, std::min(first + kWarp, threads_.size()));
    }
    if (released || release_if_all_wait_for(Waits::block, 0, threads_.size())) return true;
    if (std::all_of(threads_.begin(), threads_.end(), [](const Thread& t) { return t.fiber == nullptr; })) {
      return false;
    }
    std::fprintf(stderr,
                 "a kernel hangs: threads of block (%u, %u, %u) wait for others that have returned or "
                 "wait elsewhere\n",
                 blockIdx.x, blockIdx.y, blockIdx.z);
    std::abort();
  }

  Launch launch_{};
  std::vector<Thread> threads_;
  std::size_t begun_ = 0, running_ = 0;
  Fiber scheduler_;
  Fiber* current_ = nullptr;
  std::vector<std::unique_ptr<OwnedFiber>> fibers_;
  std::vector<Fiber*> idle_;
};

thread_local Block block_of_this_thread;

void Block::begin_fiber() {
  Block& block = block_of_this_thread;
  if (__sanitizer_finish_switch_fiber != nullptr) {
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
    block.scheduler_.stack = const_cast<void*>(bottom);
    block.scheduler_.stack_bytes = size;
  }
  block.run_threads();
}

class Registry {
 public:
  void add(const void* function, HostKernel run_thread) {
    const std::lock_guard lock(mutex_);
    kernels_.emplace(function, run_thread);
  }

  HostKernel find(const void* function) {
    const std::lock_guard lock(mutex_);
    const auto found = kernels_.find(function);
    return found == kernels_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, HostKernel> kernels_;
};

Registry& registry() {
  static Registry kernels;
  return kernels;
}

}  // namespace

void register_host_kernel(const void* function, HostKernel run_thread) {
  registry().add(function, run_thread);
}

bool run_host_kernel(const void* function, Dim3 grid, Dim3 block, void** arguments) {
  const HostKernel run_thread = registry().find(function);
  if (run_thread == nullptr) return false;
  gridDim = grid;
  blockDim = block;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = {x, y, z};
        block_of_this_thread.run({function, run_thread, arguments});
      }
    }
  }
  return true;
}

void wait_for_block() { block_of_this_thread.wait_for_block(); }

std::uint64_t exchange_in_warp(std::uint64_t value, unsigned lane) {
  return block_of_this_thread.exchange_in_warp(value, lane);
}

}  // namespace memsweep::standin
