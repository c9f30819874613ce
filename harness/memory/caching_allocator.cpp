#include "harness/memory/caching_allocator.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "harness/memory/size_rules.h"

namespace memsweep {
namespace {

void require_pages(SegmentSource& source, const AllocatorSettings& settings) {
  if (settings.expandable_segments && source.pages() == nullptr) {
    throw UsageError("expandable_segments:True needs a device with virtual memory management");
  }
}

Block& require_live(Block* block) {
  if (block == nullptr) throw std::logic_error("no live block starts at this address");
  return *block;
}

OutOfMemory refusal(OutOfMemory::Cause cause, std::size_t bytes) {
  OutOfMemory error;
  error.cause = cause;
  error.requested = bytes;
  return error;
}

}  // namespace

CachingAllocator::CachingAllocator(SegmentSource& source, AllocatorSettings settings, PytorchRelease release,
                                   Streams& streams)
    : source_(source), streams_(streams), release_(release), settings_(std::move(settings)) {
  require_pages(source_, settings_);
  set_memory_fraction(settings_.memory_fraction);
  statistics_.max_split_size = static_cast<std::int64_t>(settings_.max_split_size);
}

CachingAllocator::~CachingAllocator() {
  for (auto& [address, segment] : segments_) {
    if (segment.page_bytes == 0) {
      source_.release(address, segment.size);
    } else {
      abandon_expandable_segment(segment);
    }
  }
}

Address CachingAllocator::allocate(std::size_t bytes, Stream stream) {
  if (bytes == 0) return 0;
  if (bytes >= kAbsurd) throw refusal(OutOfMemory::Cause::absurd, bytes);
  harvest_events();
  const Request request = make_request(bytes, stream);
  Block* block = find_free(request);
  return hand_out(block != nullptr ? *block : obtain(request), request);
}

void CachingAllocator::free(Address address) {
  if (address == 0) return;
  Block& block = require_live(live_.find(address));
  const bool shared = !block.foreign_streams.empty();
  if (shared) wait_for_streams(block);
  live_.take(address);
  const PoolKind pool = block.segment->pool->kind;
  statistics_.allocation.add(pool, std::int64_t{-1});
  statistics_.allocated_bytes.subtract(pool, block.size);
  if (block.size >= settings_.max_split_size) statistics_.oversize_allocations.add(-1);
  if (!shared) finish_free(block);
}

void CachingAllocator::record_stream(Address address, Stream stream) {
  Block& block = require_live(live_.find(address));
  std::vector<Stream>& streams = block.foreign_streams;
  if (stream == block.stream || std::find(streams.begin(), streams.end(), stream) != streams.end()) return;
  streams.push_back(stream);
}

void CachingAllocator::set_memory_fraction(double fraction) {
  if (!(fraction >= 0 && fraction <= 1)) throw UsageError("a memory fraction must lie between 0 and 1");
  limit_.reset();
  if (fraction == 1) return;
  const double bytes = fraction * static_cast<double>(source_.info().total);
  limit_ = static_cast<std::size_t>(rules().limit_to_nearest ? std::round(bytes) : bytes);
}

void CachingAllocator::apply_settings(std::string_view text) {
  AllocatorSettings settings = reparse_settings(settings_, text, release_);
  require_pages(source_, settings);
  settings_ = std::move(settings);
}

std::size_t CachingAllocator::block_bytes(Address address) const {
  return require_live(live_.find(address)).size;
}

CachingAllocator::Request CachingAllocator::make_request(std::size_t bytes, Stream stream) noexcept {
  const std::size_t rounded = round_size(bytes, settings_.roundup_divisions);
  return {.bytes = bytes,
          .rounded = rounded,
          .segment = segment_size(rounded, settings_.large_segment_size),
          .stream = stream,
          .pool = rounded <= kSmallMax ? small_ : large_,
          .expandable = settings_.expandable_segments};
}

// The search ends with the first candidate: if an oversize rule refuses it, no other is tried.
Block* CachingAllocator::find_free(const Request& request) noexcept {
  if (collects_garbage()) ++request.pool.lookups;
  Block* block = best_fit(request);
  if (block == nullptr) return nullptr;
  const std::size_t max_split = settings_.max_split_size;
  if (request.rounded < max_split) return block->size < max_split ? block : nullptr;
  return block->size < request.rounded + settings_.max_non_split_rounding ? block : nullptr;
}

Block* CachingAllocator::best_fit(const Request& request) noexcept {
  const FreeSet& free = request.pool.free;
  const auto fits = [&](FreeSet::iterator i) { return i != free.end() && (*i)->stream == request.stream; };
  auto found = free.lower_bound(FitKey{request.stream, request.rounded});
  if (!fits(found)) return nullptr;
  if (!(*found)->expandable()) return *found;
  if (request.expandable) return best_growing_fit(free, found);
  do {
    ++found;
  } while (fits(found) && (*found)->expandable());
  return fits(found) ? *found : nullptr;
}

// Each attempt is preceded by the next stronger release. The free sets are not searched again,
// although a release may have put fitting blocks there: PyTorch does not either (pytorch issue 189504).
Block& CachingAllocator::obtain(const Request& request) {
  if (collects_garbage()) collect_garbage();
  Block* block = new_block(request);
  if (block == nullptr && release_available(request)) block = new_block(request);
  if (block == nullptr) {
    release_all();
    ++statistics_.num_alloc_retries;
    block = new_block(request);
  }
  if (block != nullptr) return *block;
  ++statistics_.num_ooms;
  throw out_of_memory(request);
}

Block* CachingAllocator::new_block(const Request& request) {
  const std::size_t wanted = reserved() + request.segment;
  if (limit_ && wanted > *limit_) return nullptr;
  if (settings_.reject_beyond_fraction &&
      wanted >
          static_cast<std::size_t>(settings_.memory_fraction * static_cast<double>(source_.info().total))) {
    ++statistics_.num_oom_rejections;
    throw refusal(OutOfMemory::Cause::rejected, request.bytes);
  }
  return request.expandable ? grow_expandable(request) : new_segment(request);
}

Block* CachingAllocator::new_segment(const Request& request) {
  SegmentNode node = new_segment_node();
  Block& block = records_.take();
  const Address address = source_.allocate(request.segment);
  if (address == 0) {
    records_.give_back(block);
    return nullptr;
  }
  add_segment(std::move(node), {.address = address, .size = request.segment, .page_bytes = 0}, block,
              request);
  const PoolKind pool = request.pool.kind;
  statistics_.segment.add(pool, std::int64_t{1});
  statistics_.reserved_bytes.add(pool, request.segment);
  ++statistics_.num_device_alloc;
  if (request.segment >= settings_.max_split_size) statistics_.oversize_segments.add(1);
  insert_free(block);
  return &block;
}

bool CachingAllocator::should_split(const Block& block, const Request& request) const noexcept {
  const std::size_t rest = block.size - request.rounded;
  if (request.pool.kind == PoolKind::small || request.expandable) return rest >= kMinBlock;
  return request.rounded < settings_.max_split_size && rest > kSmallMax;
}

// All host memory is taken before the first change.
Address CachingAllocator::hand_out(Block& found, const Request& request) {
  const bool split = should_split(found, request);
  live_.reserve_one();
  Block& block = split ? records_.take() : found;

  const PoolKind pool = request.pool.kind;
  const bool was_split = found.is_split();
  const bool counts_as_inactive = !found.expandable();
  if (split) {
    split_front(found, block, request.rounded);
    reorder_shrunk(found);
  } else {
    remove_from_set(found);
  }
  if (counts_as_inactive && was_split) {
    statistics_.inactive_split_bytes.subtract(pool, block.size);
    if (!split) statistics_.inactive_split.add(pool, std::int64_t{-1});
  } else if (counts_as_inactive && split) {
    statistics_.inactive_split_bytes.add(pool, found.size);
    statistics_.inactive_split.add(pool, std::int64_t{1});
  }
  block.state = BlockState::live;
  block.requested = request.bytes;
  live_.insert(block);
  statistics_.allocation.add(pool, std::int64_t{1});
  statistics_.allocated_bytes.add(pool, block.size);
  statistics_.active.add(pool, std::int64_t{1});
  statistics_.active_bytes.add(pool, block.size);
  statistics_.requested_bytes.add(pool, request.bytes);
  if (block.size >= settings_.max_split_size) statistics_.oversize_allocations.add(1);
  return block.address;
}

// All host memory is taken before the first change.
void CachingAllocator::wait_for_streams(Block& block) {
  std::list<PendingEvent> fresh;
  for (const Stream stream : block.foreign_streams) {
    events_.try_emplace(stream);
    fresh.push_back({.event = 0, .block = &block});
  }
  for (const Stream stream : block.foreign_streams) {
    fresh.front().event = streams_.record(stream);
    std::list<PendingEvent>& queue = events_.find(stream)->second;
    queue.splice(queue.end(), fresh, fresh.begin());
    ++block.pending_events;
  }
  block.foreign_streams.clear();
  block.state = BlockState::pending;
}

// Statistics see the net change only: a merge and the insertion are one step for their peaks.
void CachingAllocator::finish_free(Block& block) noexcept {
  const PoolKind pool = block.segment->pool->kind;
  const std::size_t size = block.size;
  block.state = BlockState::free;
  const Absorbed absorbed = absorb_neighbours(block);
  insert_free(block);
  if (!block.expandable()) {
    const bool split = block.is_split();
    statistics_.inactive_split.add(pool, (split ? 1 : 0) - absorbed.blocks);
    statistics_.inactive_split_bytes.add(
        pool, static_cast<std::int64_t>(split ? block.size : 0) - static_cast<std::int64_t>(absorbed.bytes));
  }
  statistics_.active.add(pool, std::int64_t{-1});
  statistics_.active_bytes.subtract(pool, size);
  statistics_.requested_bytes.subtract(pool, block.requested);
}

CachingAllocator::Absorbed CachingAllocator::absorb_neighbours(Block& block) noexcept {
  Absorbed absorbed;
  for (Block* neighbour : {block.prev, block.next}) {
    if (neighbour == nullptr || neighbour->state != block.state) continue;
    remove_from_set(*neighbour);
    ++absorbed.blocks;
    absorbed.bytes += neighbour->size;
    merge(block, *neighbour);
    records_.give_back(*neighbour);
  }
  return absorbed;
}

void CachingAllocator::harvest_events() noexcept {
  for (auto& [stream, queue] : events_) {
    while (!queue.empty() && streams_.passed(queue.front().event)) {
      Block& block = *queue.front().block;
      queue.pop_front();
      if (--block.pending_events == 0) finish_free(block);
    }
  }
}

OutOfMemory CachingAllocator::out_of_memory(const Request& request) const {
  const SegmentSource::Info device = source_.info();
  OutOfMemory error;
  error.requested = request.bytes;
  error.rounded = request.rounded;
  error.tried = request.segment;
  error.device_total = device.total;
  error.device_free = device.total - device.used;
  error.allocated = static_cast<std::size_t>(statistics_.allocated_bytes.all.current);
  error.reserved = reserved();
  error.limit = limit_;
  error.expandable_segments = settings_.expandable_segments;
  return error;
}

std::size_t CachingAllocator::reserved() const noexcept {
  return static_cast<std::size_t>(statistics_.reserved_bytes.all.current);
}

CachingAllocator::SegmentNode CachingAllocator::new_segment_node() {
  std::map<Address, Segment> cradle;
  cradle.try_emplace(0);
  return cradle.extract(cradle.begin());
}

void CachingAllocator::add_segment(SegmentNode node, const Segment& layout, Block& block,
                                   const Request& request) noexcept {
  node.key() = layout.address;
  Segment& segment = node.mapped();
  segment = layout;
  segment.pool = &request.pool;
  segment.first = &block;
  segments_.insert(std::move(node));
  ++segments_created_;
  block.stream = request.stream;
  block.size = segment.size;
  block.segment_age_rank = rules().older_segment_first ? segments_created_ : 0;
  block.address = segment.address;
  block.segment = &segment;
}

void CachingAllocator::drop_segment(Segment& segment) noexcept {
  records_.give_back(*segment.first);
  segments_.erase(segment.address);
}

}  // namespace memsweep
