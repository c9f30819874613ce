#include "harness/memory/async.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/memory/size_rules.h"
#include "harness/memory/sources/granule.h"

namespace memsweep {
namespace {

PageSource& require_pages(SegmentSource& source) {
  if (source.pages() == nullptr) {
    throw UsageError("backend:cudaMallocAsync needs a device with virtual memory management");
  }
  return *source.pages();
}

template <class Live>
auto& require_live(Live& live, Address address) {
  const auto use = live.find(address);
  if (use == live.end()) throw std::logic_error("no live block starts at this address");
  return use->second;
}

// The driver counts no totals of ups and downs.
void move_by(Stat& stat, std::int64_t change) noexcept {
  stat.current += change;
  stat.peak = std::max(stat.peak, stat.current);
}

}  // namespace

/// Whatever a call of the pool does, and however it ends, reserved bytes follow it.
class AsyncAllocator::NoteReserved {
 public:
  explicit NoteReserved(AsyncAllocator& allocator) : allocator_(allocator) {}
  ~NoteReserved() { allocator_.note_reserved(); }
  NoteReserved(const NoteReserved&) = delete;
  NoteReserved& operator=(const NoteReserved&) = delete;

 private:
  AsyncAllocator& allocator_;
};

AsyncAllocator::AsyncAllocator(SegmentSource& source, double memory_fraction, PytorchRelease release,
                               Streams& streams)
    : source_(source),
      release_(release),
      pool_(source.pool() != nullptr ? *source.pool()
                                     : model_.emplace(require_pages(source), streams, source.info().total)) {
  if (!(memory_fraction >= 0 && memory_fraction <= 1))
    throw UsageError("a memory fraction must lie between 0 and 1");
  if (memory_fraction < 1) {
    limit_ = static_cast<std::size_t>(memory_fraction * static_cast<double>(source.info().total));
  }
}

AsyncAllocator::~AsyncAllocator() {
  if (model_) return;  // which gives back all with itself
  for (const auto& [address, use] : live_) pool_.free(address, use.others);
  pool_.wait_for_frees();
  pool_.trim();
}

Address AsyncAllocator::allocate(std::size_t bytes, Stream stream) {
  if (bytes == 0) return 0;
  if (bytes >= kAbsurd) throw absurd_request(bytes);
  if (limit_ && used() + bytes > *limit_) throw out_of_memory(bytes);
  std::map<Address, Use> cradle;  // all host memory of ours is taken before the pool is asked
  cradle.emplace(0, Use{.bytes = bytes, .stream = stream, .others = {}});
  auto node = cradle.extract(cradle.begin());
  const Address address = ask_pool(bytes, stream);
  if (address == 0) throw out_of_memory(bytes);
  node.key() = address;
  live_.insert(std::move(node));
  count(bytes, 1);
  return address;
}

void AsyncAllocator::free(Address address) {
  if (address == 0) return;
  const Use& use = require_live(live_, address);
  pool_.free(address, use.others);
  count(use.bytes, -1);
  live_.erase(address);
}

void AsyncAllocator::record_stream(Address address, Stream stream) {
  Use& use = require_live(live_, address);
  const bool known = std::find(use.others.begin(), use.others.end(), stream) != use.others.end();
  if (stream != use.stream && !known) use.others.push_back(stream);
}

void AsyncAllocator::empty_cache() {
  const NoteReserved at_end(*this);
  pool_.wait_for_frees();
  pool_.trim();
}

std::size_t AsyncAllocator::block_bytes(Address address) const { return require_live(live_, address).bytes; }

Address AsyncAllocator::ask_pool(std::size_t bytes, Stream stream) {
  const NoteReserved at_end(*this);
  Address address = pool_.allocate(bytes, stream);
  if (address == 0 && allocator_rules(release_).trims_pool_and_retries) {
    pool_.synchronize(stream);
    pool_.trim();
    address = pool_.allocate(bytes, stream);
  }
  return address;
}

void AsyncAllocator::count(std::size_t bytes, int sign) noexcept {
  const std::int64_t change = sign * static_cast<std::int64_t>(bytes);
  for (PoolStat* stat :
       {&statistics_.allocated_bytes, &statistics_.active_bytes, &statistics_.requested_bytes}) {
    move_by(stat->all, change);
  }
}

void AsyncAllocator::note_reserved() noexcept {
  Stat& reserved = statistics_.reserved_bytes.all;
  move_by(reserved, static_cast<std::int64_t>(pool_.reserved()) - reserved.current);
}

std::size_t AsyncAllocator::used() const noexcept {
  return static_cast<std::size_t>(statistics_.allocated_bytes.all.current);
}

OutOfMemory AsyncAllocator::out_of_memory(std::size_t bytes) const {
  const SegmentSource::Info device = source_.info();
  OutOfMemory error;
  error.backend = Backend::cuda_malloc_async;
  error.requested = bytes;
  error.rounded = (bytes + kMinBlock - 1) / kMinBlock * kMinBlock;
  error.tried = round_to_granule(bytes);
  error.device_total = device.total;
  error.device_free = device.total - device.used;
  error.allocated = used();
  error.reserved = pool_.reserved();
  error.limit = limit_;
  return error;
}

}  // namespace memsweep
