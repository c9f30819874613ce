#include "harness/memory/caching_allocator.h"

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
  for (const Segment& segment : segments_) {
    if (segment.page_bytes == 0) {
      source_.release(segment.address, segment.size);
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
  live_.erase(block);
  const PoolKind pool = block.cache().pool.kind;
  statistics_.allocation.fall(pool, 1);
  statistics_.allocated_bytes.fall(pool, block.size);
  if (block.size >= settings_.max_split_size) statistics_.oversize_allocations.fall(1);
  if (block.live.first_use == nullptr) {
    finish_free(block);
  } else {
    uses_.record_events(block, streams_);
  }
}

void CachingAllocator::record_stream(Address address, Stream stream) {
  Block& block = require_live(live_.find(address));
  if (stream != block.cache().stream) uses_.add(block, stream);
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

CachingAllocator::Request CachingAllocator::make_request(std::size_t bytes, Stream stream) {
  const std::size_t rounded = round_size(bytes, settings_.roundup_divisions);
  return {.bytes = bytes,
          .rounded = rounded,
          .segment = segment_size(rounded, settings_.large_segment_size),
          .cache = (rounded <= kSmallMax ? small_ : large_).cache(stream),
          .expandable = settings_.expandable_segments};
}

bool CachingAllocator::has_cached(std::size_t bytes, Stream stream) {
  return fitting(make_request(bytes, stream)) != nullptr;
}

Block* CachingAllocator::find_free(const Request& request) noexcept {
  if (collects_garbage()) ++request.cache.pool.lookups;
  return fitting(request);
}

// The search ends with the first candidate: if an oversize rule refuses it, no other is tried.
Block* CachingAllocator::fitting(const Request& request) const noexcept {
  Block* block = best_fit(request);
  if (block == nullptr) return nullptr;
  const std::size_t max_split = settings_.max_split_size;
  if (request.rounded < max_split) return block->size < max_split ? block : nullptr;
  return block->size < request.rounded + settings_.max_non_split_rounding ? block : nullptr;
}

Block* CachingAllocator::best_fit(const Request& request) noexcept {
  const FreeSet& free = request.cache.free;
  Block* found = free.best_fit(request.rounded);
  if (found != nullptr && found->expandable() && request.expandable) return best_growing_fit(free, found);
  while (found != nullptr && found->expandable() && !request.expandable) found = free.next(*found);
  return found;
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
  reserve_segment();
  const Address address = source_.allocate(request.segment);
  if (address == 0) return nullptr;
  Block& block = add_segment(address, request.segment, 0, request.cache);
  const PoolKind pool = request.pool();
  statistics_.segment.rise(pool, 1);
  statistics_.reserved_bytes.rise(pool, request.segment);
  ++statistics_.num_device_alloc;
  if (request.segment >= settings_.max_split_size) statistics_.oversize_segments.rise(1);
  insert_free(block);
  return &block;
}

bool CachingAllocator::should_split(const Block& block, const Request& request) const noexcept {
  const std::size_t rest = block.size - request.rounded;
  if (request.pool() == PoolKind::small || request.expandable) return rest >= kMinBlock;
  return request.rounded < settings_.max_split_size && rest > kSmallMax;
}

// All host memory is taken before the first change.
Address CachingAllocator::hand_out(Block& found, const Request& request) {
  const bool split = should_split(found, request);
  live_.reserve_one();
  block_records_.reserve(1);
  Block& block = split ? block_records_.take() : found;

  const PoolKind pool = request.pool();
  const InactiveSplit before = inactive_split(found);
  remove_from_set(found);
  if (split) {
    split_front(found, block, request.rounded);
    insert_free(found);
  }
  count_inactive(pool, split ? inactive_split(found) - before : InactiveSplit{} - before);
  occupy(block, request.bytes);
  return block.address;
}

void CachingAllocator::occupy(Block& block, std::size_t requested) noexcept {
  const PoolKind pool = block.cache().pool.kind;
  block.state = BlockState::live;
  block.requested = requested;
  block.live = {};
  live_.insert(block);
  statistics_.allocation.rise(pool, 1);
  statistics_.allocated_bytes.rise(pool, block.size);
  statistics_.active.rise(pool, 1);
  statistics_.active_bytes.rise(pool, block.size);
  statistics_.requested_bytes.rise(pool, requested);
  if (block.size >= settings_.max_split_size) statistics_.oversize_allocations.rise(1);
}

// Statistics see the net change only: a merge and the insertion are one step for their peaks.
void CachingAllocator::finish_free(Block& block) noexcept {
  const PoolKind pool = block.cache().pool.kind;
  const std::size_t size = block.size;
  block.state = BlockState::free;
  const InactiveSplit absorbed = absorb_neighbours(block);
  insert_free(block);
  count_inactive(pool, inactive_split(block) - absorbed);
  statistics_.active.fall(pool, 1);
  statistics_.active_bytes.fall(pool, size);
  statistics_.requested_bytes.fall(pool, block.requested);
}

InactiveSplit CachingAllocator::absorb_neighbours(Block& block) noexcept {
  InactiveSplit absorbed;
  for (Block* neighbour : {block.prev, block.next}) {
    if (neighbour == nullptr || neighbour->state != block.state) continue;
    absorbed = absorbed + inactive_split(*neighbour);
    remove_from_set(*neighbour);
    merge(block, *neighbour);
    block_records_.give_back(*neighbour);
  }
  return absorbed;
}

void CachingAllocator::count_inactive(PoolKind pool, InactiveSplit change) noexcept {
  statistics_.inactive_split.add(pool, change.blocks);
  statistics_.inactive_split_bytes.add(pool, change.bytes);
}

void CachingAllocator::harvest_events() noexcept {
  uses_.take_passed([this](Streams::Event event) { return streams_.passed(event); },
                    [this](Block& block) { finish_free(block); });
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

void CachingAllocator::reserve_segment() {
  segment_records_.reserve(1);
  block_records_.reserve(1);
}

// Needs reserve_segment() before it. Gives the one block, which stands in no set yet.
Block& CachingAllocator::add_segment(Address address, std::size_t size, std::size_t page_bytes,
                                     StreamCache& cache) noexcept {
  Segment& segment = segment_records_.take();
  Block& block = block_records_.take();
  ++segments_created_;
  segment.address = address;
  segment.size = size;
  segment.page_bytes = page_bytes;
  segment.age_rank = rules().older_segment_first ? segments_created_ : 0;
  segment.cache = &cache;
  segment.first = &block;
  segments_.insert(segment);
  block.address = address;
  block.size = size;
  block.segment = &segment;
  return block;
}

void CachingAllocator::drop_segment(Segment& segment) noexcept {
  block_records_.give_back(*segment.first);
  segments_.erase(segment);
  segment_records_.give_back(segment);
}

}  // namespace memsweep
