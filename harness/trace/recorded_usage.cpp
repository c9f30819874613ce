#include "harness/trace/recorded_usage.h"

#include <algorithm>
#include <unordered_map>

namespace memsweep {
namespace {

Usage usage_now(const Statistics& s) {
  const auto now = [](const PoolStat& stat) { return static_cast<std::size_t>(stat.all.current); };
  return {now(s.requested_bytes), now(s.allocated_bytes), now(s.reserved_bytes)};
}

std::size_t calls_so_far(const Statistics& s) {
  return static_cast<std::size_t>(s.allocation.all.allocated + s.allocation.all.freed);
}

bool is_call(const Event& event) {
  return event.action == Action::alloc || event.action == Action::free_requested;
}

}  // namespace

RecordedUsage usage_of(const Recording& recording, const ReenactOptions& options) {
  RecordedUsage usage;
  ReenactOptions observed = options;
  std::optional<std::size_t> first;  // a restored layout counts as calls
  observed.observer = [&](const CachingAllocator& allocator) {
    const Statistics& statistics = allocator.statistics();
    const std::size_t calls = calls_so_far(statistics);
    if (!first) first = calls - std::min<std::size_t>(calls, 1);
    const std::size_t index = calls - std::min(calls, *first);
    // Later events without a call only give back what is cached.
    if (index < usage.after.size()) return;
    usage.after.resize(index + 1);
    usage.after[index] = usage_now(statistics);
  };
  usage.after.emplace_back();
  Reenactment result = reenact(recording, observed);
  usage.flushes = std::move(result.flushes);
  usage.difference = std::move(result.difference);
  return usage;
}

std::vector<std::size_t> shortages_of(const Recording& recording) {
  std::vector<std::size_t> shortages;
  std::size_t calls = 0;
  for (const Event& event : recording.events) {
    calls += is_call(event) ? 1 : 0;
    if (event.action == Action::oom) shortages.push_back(calls);
  }
  return shortages;
}

std::vector<HeldBlock> held_after(const Recording& recording, std::size_t calls) {
  std::vector<HeldBlock> blocks;
  std::unordered_map<Address, std::size_t> live;  // index into blocks
  std::size_t call = 0;
  for (const Event& event : recording.events) {
    if (!is_call(event)) continue;
    ++call;
    if (event.action == Action::alloc && call <= calls) {
      live[event.address] = blocks.size();
      blocks.push_back({event.address, event.size, event.place, call});
    } else if (const auto block = live.find(event.address);
               event.action == Action::free_requested && block != live.end()) {
      blocks[block->second].died = call;
      live.erase(block);
    }
  }
  std::erase_if(blocks, [&](const HeldBlock& block) { return block.died != 0 && block.died <= calls; });
  return blocks;
}

}  // namespace memsweep
