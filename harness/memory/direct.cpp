#include "harness/memory/direct.h"

#include <stdexcept>
#include <utility>

#include "harness/memory/size_rules.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {

DirectAllocator::~DirectAllocator() {
  for (const auto& [address, block] : blocks_) source_.release(address, block.bytes);
}

Address DirectAllocator::allocate(std::size_t bytes, Stream stream) {
  if (bytes == 0) return 0;
  if (bytes >= kAbsurd) throw absurd_request(bytes);
  Blocks cradle;  // all host memory is taken before the first change
  cradle.emplace(0, Block{.bytes = bytes, .stream = stream});
  Blocks::node_type node = cradle.extract(cradle.begin());
  const Address address = source_.allocate(bytes);
  if (address == 0) {
    ++statistics_.num_ooms;
    throw out_of_memory(bytes);
  }
  node.key() = address;
  count(node.mapped(), 1);
  ++statistics_.num_device_alloc;
  blocks_.insert(std::move(node));
  return address;
}

void DirectAllocator::free(Address address) {
  if (address == 0) return;
  const auto block = require_live(address);
  source_.release(address, block->second.bytes);
  count(block->second, -1);
  ++statistics_.num_device_free;
  blocks_.erase(block);
}

void DirectAllocator::record_stream(Address address, Stream) { require_live(address); }

std::size_t DirectAllocator::block_bytes(Address address) const {
  return require_live(address)->second.bytes;
}

std::vector<SegmentSnapshot> DirectAllocator::snapshot() const {
  std::vector<SegmentSnapshot> segments;
  for (const auto& [address, block] : blocks_) {
    SegmentSnapshot& segment = segments.emplace_back();
    segment.address = address;
    segment.size = segment.allocated = segment.active = segment.requested = block.bytes;
    segment.stream = block.stream;
    segment.pool = block.bytes <= kSmallMax ? PoolKind::small : PoolKind::large;
    segment.blocks = {
        {.address = address, .size = block.bytes, .requested = block.bytes, .state = BlockState::live}};
  }
  return segments;
}

DirectAllocator::Blocks::const_iterator DirectAllocator::require_live(Address address) const {
  const auto block = blocks_.find(address);
  if (block == blocks_.end()) throw std::logic_error("no live block starts at this address");
  return block;
}

void DirectAllocator::count(const Block& block, std::int64_t sign) noexcept {
  const std::int64_t bytes = sign * static_cast<std::int64_t>(block.bytes);
  for (PoolStat* number : {&statistics_.allocation, &statistics_.segment, &statistics_.active}) {
    number->all.add(sign);
  }
  for (PoolStat* size :
       {&statistics_.allocated_bytes, &statistics_.active_bytes, &statistics_.requested_bytes}) {
    size->all.add(bytes);
  }
  statistics_.reserved_bytes.all.add(sign * static_cast<std::int64_t>(round_to_granule(block.bytes)));
}

OutOfMemory DirectAllocator::out_of_memory(std::size_t bytes) const {
  const SegmentSource::Info device = source_.info();
  OutOfMemory error;
  error.backend = Backend::direct;
  error.requested = error.rounded = bytes;
  error.tried = round_to_granule(bytes);
  error.device_total = device.total;
  error.device_free = device.total - device.used;
  error.allocated = static_cast<std::size_t>(statistics_.allocated_bytes.all.current);
  error.reserved = static_cast<std::size_t>(statistics_.reserved_bytes.all.current);
  return error;
}

}  // namespace memsweep
