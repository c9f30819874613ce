#include "kernels/cpu/parallel.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace memsweep::cpu {
namespace {

/// Workers claim blocks of the one open loop. A worker that wakes late finds the loop closed and goes
/// back to sleep; the caller never returns while a worker is inside.
class Pool {
 public:
  /// Lives for ever: its detached threads may outlive every static object.
  static Pool& instance() {
    static Pool& pool = *new Pool;
    return pool;
  }

  void run(const BlockLoop& loop) {
    if (taken_.test_and_set(std::memory_order_acquire)) return run_alone(loop);
    start_workers();
    loop_ = loop;
    next_block_ = 0;
    open_ = true;
    ++round_;
    round_.notify_all();
    claim_blocks();
    open_ = false;
    while (inside_ != 0) std::this_thread::yield();
    taken_.clear(std::memory_order_release);
  }

  static void run_alone(const BlockLoop& loop) {
    for (std::int64_t begin = 0; begin < loop.n; begin += loop.grain) run_block(loop, begin);
  }

 private:
  Pool() {
    pthread_atfork(nullptr, nullptr, [] { instance().forget_workers(); });
  }

  static void run_block(const BlockLoop& loop, std::int64_t begin) {
    loop.call(loop.range, begin, loop.n - begin < loop.grain ? loop.n : begin + loop.grain);
  }

  void start_workers() {
    if (started_) return;
    started_ = true;
    for (int i = 1; i < thread_count(); ++i)
      std::thread([this, seen = round_.load()] { work(seen); }).detach();
  }

  /// Threads do not survive fork(); a child starts its own at its first loop.
  void forget_workers() {
    started_ = false;
    inside_ = 0;
    taken_.clear();
  }

  void work(std::uint32_t seen) {
    for (;;) {
      await_round_after(seen);
      seen = round_;
      ++inside_;
      if (open_) claim_blocks();
      --inside_;
    }
  }

  /// Loops follow each other closely, and waking a sleeper takes longer than a small loop: look around first.
  void await_round_after(std::uint32_t seen) const {
    constexpr int kLooks = 100;  // tens of microseconds
    for (int i = 0; i < kLooks; ++i) {
      if (round_ != seen) return;
      std::this_thread::yield();
    }
    round_.wait(seen);
  }

  void claim_blocks() {
    for (;;) {
      const std::int64_t begin = next_block_.fetch_add(1) * loop_.grain;
      if (begin >= loop_.n) return;
      run_block(loop_, begin);
    }
  }

  std::atomic_flag taken_;  // a caller owns the pool
  bool started_ = false;    // guarded by taken_
  BlockLoop loop_{};        // written only while closed and nobody is inside
  std::atomic<std::int64_t> next_block_{0};
  std::atomic<bool> open_{false};        // workers may claim blocks
  std::atomic<int> inside_{0};           // workers that may be claiming
  std::atomic<std::uint32_t> round_{0};  // counts loops; workers sleep on it
};

int count_threads() {
  if (const char* text = std::getenv("OPENBLAS_NUM_THREADS")) {
    const std::string_view given = text;
    int count = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
    if (error == std::errc{} && count > 0) return count;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int thread_count() {
  static const int count = count_threads();
  return count;
}

void run_blocks(const BlockLoop& loop) {
  if (loop.n <= loop.grain || thread_count() == 1) return Pool::run_alone(loop);
  Pool::instance().run(loop);
}

}  // namespace memsweep::cpu
