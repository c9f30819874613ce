#include "harness/standin/host_backing.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace memsweep::standin {
namespace {

constexpr int kGarbage = 0xFF;

bool map_at(Range range, int protection, int flags, int file = -1, std::uint64_t offset = 0) {
  void* const wanted = reinterpret_cast<void*>(range.address);
  void* const got =
      mmap(wanted, range.bytes, protection, flags | MAP_NORESERVE, file, static_cast<off_t>(offset));
  if (got == MAP_FAILED) return false;
  if (got == wanted) return true;
  munmap(got, range.bytes);  // a kernel that does not know MAP_FIXED_NOREPLACE takes it for a wish
  return false;
}

}  // namespace

HostBacking::~HostBacking() {
  if (file_ >= 0) close(file_);
}

bool HostBacking::back(Range range) {
  if (!on()) return true;
  if (!map_at(range, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)) return false;
  if (memory_ == NewMemory::garbage)
    std::memset(reinterpret_cast<void*>(range.address), kGarbage, range.bytes);
  return true;
}

bool HostBacking::reserve(Range range) {
  return !on() || map_at(range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE);
}

void HostBacking::drop(Range range) {
  if (on()) munmap(reinterpret_cast<void*>(range.address), range.bytes);
}

bool HostBacking::create(std::size_t bytes, std::uint64_t& place) {
  place = end_;
  if (!on()) return true;
  if (!grow_file(bytes)) return false;
  if (memory_ == NewMemory::zeros) return true;
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(place));
  if (memory == MAP_FAILED) return false;
  std::memset(memory, kGarbage, bytes);
  munmap(memory, bytes);
  return true;
}

void HostBacking::destroy(std::uint64_t place, std::size_t bytes) {
  if (file_ < 0) return;
  fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(place),
            static_cast<off_t>(bytes));
}

bool HostBacking::map(Range range, std::uint64_t place) {
  return !on() || map_at(range, PROT_NONE, MAP_SHARED | MAP_FIXED, file_, place);
}

void HostBacking::allow_access(Range range) {
  if (on()) mprotect(reinterpret_cast<void*>(range.address), range.bytes, PROT_READ | PROT_WRITE);
}

void HostBacking::unmap(Range range) {
  if (on()) map_at(range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
}

bool HostBacking::grow_file(std::size_t bytes) {
  if (file_ < 0) file_ = memfd_create("device memory", MFD_CLOEXEC);
  if (file_ < 0 || ftruncate(file_, static_cast<off_t>(end_ + bytes)) != 0) return false;
  end_ += bytes;
  return true;
}

}  // namespace memsweep::standin
