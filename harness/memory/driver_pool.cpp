#include "harness/memory/driver_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/memory/size_rules.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

std::size_t round_to_block(std::size_t bytes) noexcept {
  return (bytes + kMinBlock - 1) / kMinBlock * kMinBlock;
}

}  // namespace

bool DriverPool::FreeOrder::operator()(const Block* a, const Block* b) const noexcept {
  if (a->owner != b->owner) return a->owner < b->owner;
  if (a->size != b->size) return a->size < b->size;
  return a->address < b->address;
}
bool DriverPool::FreeOrder::operator()(const Block* block, const FreeKey& key) const noexcept {
  return block->owner != key.owner ? block->owner < key.owner : block->size < key.size;
}

DriverPool::DriverPool(PageSource& pages, Streams& streams, std::size_t capacity)
    : pages_(pages), streams_(streams), capacity_(round_to_granule(capacity)) {}

DriverPool::~DriverPool() {
  for_each_run([this](auto first, auto last) {
    const Address end = std::prev(last)->first + std::prev(last)->second.size;
    pages_.unmap(first->first, kGranule, (end - first->first) / kGranule);
  });
  for (const Range& range : ranges_) pages_.unreserve(range.address, range.bytes);
}

Address DriverPool::allocate(std::size_t bytes, Stream stream) {
  if (bytes > capacity_) return 0;
  const std::size_t size = round_to_block(bytes);
  release_passed();
  Place found = find(size, stream);
  if (found == blocks_.end()) {
    wait_for_frees();
    found = find(size, stream);
  }
  return found == blocks_.end() ? 0 : take(found, size, bytes, stream);
}

void DriverPool::free(Address address, std::span<const Stream> others) {
  const Place place = blocks_.find(address);
  Block& block = place->second;
  if (others.empty()) {
    block.state = BlockState::free;
    block.owner = block.stream;
    block.freed = {.number = ++frees_, .event = streams_.record(block.stream)};
    return insert_free(absorb_neighbours(place)->second);
  }
  std::list<PendingFree> fresh;
  std::vector<Streams::Event>& events =
      fresh.emplace_back(PendingFree{.address = address, .events = {}}).events;
  events.reserve(others.size() + 1);
  events.push_back(streams_.record(block.stream));
  for (const Stream stream : others) events.push_back(streams_.record(stream));
  block.state = BlockState::pending;
  pending_.splice(pending_.end(), fresh);
}

void DriverPool::trim() {
  release_passed();
  for (Place place = blocks_.begin(); place != blocks_.end(); ++place) {
    if (place->second.state == BlockState::free && !place->second.owner) place = unmap_pages(place);
  }
}

void DriverPool::release_passed() noexcept {
  release([this](Streams::Event event) { return streams_.passed(event); });
}

void DriverPool::wait_for_frees() noexcept {
  release([this](Streams::Event event) {
    streams_.wait(event);
    return true;
  });
}

std::vector<SegmentSnapshot> DriverPool::snapshot() const {
  std::vector<SegmentSnapshot> runs;
  for_each_run([&runs](auto first, auto last) {
    SegmentSnapshot& run = runs.emplace_back();
    run.address = first->first;
    run.pool = PoolKind::large;
    run.expandable = true;
    for (; first != last; ++first) {
      const Block& block = first->second;
      const bool active = block.state != BlockState::free;
      run.size += block.size;
      if (block.state == BlockState::live) run.allocated += block.size;
      if (active) run.active += block.size;
      if (active) run.requested += block.requested;
      run.blocks.push_back({block.address, block.size, block.requested, block.state});
    }
  });
  return runs;
}

DriverPool::Place DriverPool::find(std::size_t size, Stream stream) {
  stock_up();
  const Place found = best_fit(size, stream);
  return found != blocks_.end() ? found : grow(size, stream);
}

/// The smallest block that fits, of those that all streams may use and of the stream's own.
DriverPool::Place DriverPool::best_fit(std::size_t size, Stream stream) noexcept {
  Block* best = nullptr;
  for (const Owner& owner : {Owner(stream), Owner()}) {
    const auto found = free_.lower_bound(FreeKey{owner, size});
    if (found == free_.end() || (*found)->owner != owner) continue;
    if (best == nullptr || (*found)->size < best->size) best = *found;
  }
  return best == nullptr ? blocks_.end() : place_of(*best);
}

/// Maps pages at the lowest place where they, with the free block before them, make a block of that size.
DriverPool::Place DriverPool::grow(std::size_t size, Stream stream) {
  Place place = std::find_if(blocks_.begin(), blocks_.end(), [&](const auto& entry) {
    const Block& block = entry.second;
    if (block.state != BlockState::unmapped) return false;
    return block.size + usable_before(place_of(block), stream) >= size;
  });
  if (place == blocks_.end()) place = new_range();
  if (place == blocks_.end()) return place;

  Block& block = place->second;
  const std::size_t before = usable_before(place, stream);
  const std::size_t mapped = round_to_granule(size - before);
  if (!pages_.map(block.address, kGranule, mapped / kGranule)) return blocks_.end();
  reserved_ += mapped;
  if (mapped < block.size) split(place, mapped);
  block.state = BlockState::free;
  block.owner = before > 0 ? std::prev(place)->second.owner : std::nullopt;
  const Place grown = absorb_neighbours(place);
  insert_free(grown->second);
  return grown;
}

/// Size of the free block before an unmapped one, if the stream may use it.
std::size_t DriverPool::usable_before(Place unmapped, Stream stream) noexcept {
  if (unmapped == blocks_.begin()) return 0;
  const Block& before = std::prev(unmapped)->second;
  const bool usable = before.state == BlockState::free && before.range == unmapped->second.range &&
                      (!before.owner || *before.owner == stream);
  return usable ? before.size : 0;
}

DriverPool::Place DriverPool::new_range() {
  ranges_.reserve(ranges_.size() + 1);
  const Address address = pages_.reserve(capacity_);
  if (address == 0) return blocks_.end();
  Blocks::node_type node = take_spare();
  Block& block = node.mapped();
  node.key() = block.address = address;
  block.size = capacity_;
  block.range = ranges_.size();
  block.state = BlockState::unmapped;
  block.owner.reset();
  ranges_.push_back({.address = address, .bytes = capacity_});
  return blocks_.insert(std::move(node)).position;
}

Address DriverPool::take(Place free, std::size_t size, std::size_t requested, Stream stream) noexcept {
  Block& block = free->second;
  remove_free(block);
  if (block.size > size) insert_free(split(free, size)->second);
  block.state = BlockState::live;
  block.owner.reset();
  block.requested = requested;
  block.stream = stream;
  return block.address;
}

/// Of a free block; returns the last block of its place.
DriverPool::Place DriverPool::unmap_pages(Place free) {
  const Block& whole = free->second;
  const Address base = ranges_[whole.range].address;
  const Address begin = base + round_to_granule(whole.address - base);
  const Address end = base + (whole.address + whole.size - base) / kGranule * kGranule;
  if (begin >= end) return free;

  stock_up();
  remove_free(free->second);
  Place middle = free;
  if (begin > whole.address) {
    middle = split(free, begin - whole.address);
    insert_free(free->second);
  }
  Block& block = middle->second;
  if (block.address + block.size > end) insert_free(split(middle, end - begin)->second);
  pages_.unmap(begin, kGranule, block.size / kGranule);
  reserved_ -= block.size;
  block.state = BlockState::unmapped;
  return absorb_neighbours(middle);
}

/// Takes back whatever `passed` says is no longer used.
template <class Passed>
void DriverPool::release(Passed passed) noexcept {
  for (; !pending_.empty(); pending_.pop_front()) {
    std::erase_if(pending_.front().events, passed);
    if (!pending_.front().events.empty()) break;
    free_for_all(blocks_.find(pending_.front().address));
  }
  constexpr FreeKey kFirstOwned{Owner(Stream{0}), 0};
  for (auto next = free_.lower_bound(kFirstOwned); next != free_.end();) {
    Block& block = **next++;
    if (!passed(block.freed.event)) continue;
    remove_free(block);
    free_for_all(place_of(block));
  }
}

void DriverPool::free_for_all(Place place) noexcept {
  place->second.state = BlockState::free;
  place->second.owner.reset();
  insert_free(absorb_neighbours(place)->second);
}

void DriverPool::insert_free(Block& block) noexcept {
  block.node.value() = &block;
  free_.insert(std::move(block.node));
}

void DriverPool::remove_free(Block& block) noexcept { block.node = free_.extract(&block); }

/// Cuts a block that is in no set behind its first `size` bytes; the rest is like it, and in no set either.
DriverPool::Place DriverPool::split(Place place, std::size_t size) noexcept {
  Block& front = place->second;
  Blocks::node_type node = take_spare();
  Block& rest = node.mapped();
  node.key() = rest.address = front.address + size;
  rest.size = front.size - size;
  rest.range = front.range;
  rest.requested = front.requested;
  rest.state = front.state;
  rest.owner = front.owner;
  rest.freed = front.freed;
  front.size = size;
  return blocks_.insert(std::next(place), std::move(node));
}

/// Of a block that is in no set; returns the block it has become part of, in no set either.
DriverPool::Place DriverPool::absorb_neighbours(Place place) noexcept {
  absorb_next(place);
  if (place == blocks_.begin()) return place;
  const Place before = std::prev(place);
  if (!mergeable(before->second, place->second)) return place;
  if (before->second.state == BlockState::free) remove_free(before->second);
  join_next(before);
  return before;
}

void DriverPool::absorb_next(Place place) noexcept {
  const Place next = std::next(place);
  if (next == blocks_.end() || !mergeable(place->second, next->second)) return;
  if (next->second.state == BlockState::free) remove_free(next->second);
  join_next(place);
}

/// Both are in no set.
void DriverPool::join_next(Place place) noexcept {
  Block& block = place->second;
  Blocks::node_type next = blocks_.extract(std::next(place));
  block.size += next.mapped().size;
  if (next.mapped().freed.number > block.freed.number) block.freed = next.mapped().freed;
  const auto empty =
      std::find_if(spare_.begin(), spare_.end(), [](const auto& node) { return node.empty(); });
  if (empty != spare_.end()) *empty = std::move(next);
}

bool DriverPool::mergeable(const Block& a, const Block& b) noexcept {
  const bool mergeable_state = a.state == BlockState::free || a.state == BlockState::unmapped;
  return mergeable_state && a.state == b.state && a.owner == b.owner && a.range == b.range;
}

void DriverPool::stock_up() {
  for (Blocks::node_type& node : spare_) {
    if (node.empty()) node = new_node();
  }
}

DriverPool::Blocks::node_type DriverPool::take_spare() noexcept {
  const auto spare =
      std::find_if(spare_.begin(), spare_.end(), [](const auto& node) { return !node.empty(); });
  return std::move(*spare);
}

DriverPool::Blocks::node_type DriverPool::new_node() {
  FreeSet free_cradle;
  free_cradle.insert(nullptr);
  Blocks cradle;
  cradle.try_emplace(0).first->second.node = free_cradle.extract(free_cradle.begin());
  return cradle.extract(cradle.begin());
}

template <class Visit>
void DriverPool::for_each_run(Visit visit) const {
  const auto continues = [](const Block& run, const Block& block) {
    return block.state != BlockState::unmapped && block.range == run.range;
  };
  for (auto first = blocks_.begin(); first != blocks_.end();) {
    auto last = std::next(first);
    if (first->second.state != BlockState::unmapped) {
      while (last != blocks_.end() && continues(first->second, last->second)) ++last;
      visit(first, last);
    }
    first = last;
  }
}

}  // namespace memsweep
