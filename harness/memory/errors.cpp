#include "harness/memory/errors.h"

#include <fmt/format.h>

#include <limits>

#include "harness/memory/size_rules.h"

namespace memsweep {
namespace {

std::string exhausted_message(const OutOfMemory& error) {
  std::string text = fmt::format(
      "CUDA out of memory. Tried to allocate {}. GPU 0 has a total capacity of {} of which {} is free. ",
      format_size(error.tried), format_size(error.device_total), format_size(error.device_free));
  if (error.limit) text += fmt::format("{} allowed; ", format_size(*error.limit));
  text += fmt::format("{} is already allocated by PyTorch, {} is reserved by PyTorch but unallocated.",
                      format_size(error.allocated), format_size(error.reserved - error.allocated));
  if (!error.expandable_segments) {
    text += " If much is reserved but unallocated, expandable_segments:True may avoid fragmentation.";
  }
  return text;
}

std::string exhausted_pool_message(const OutOfMemory& error) {
  const std::size_t limit = error.limit.value_or(std::numeric_limits<std::size_t>::max());
  return fmt::format(
      "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
      "Currently allocated: {}\nRequested: {}\nDevice limit: {}\nFree (according to CUDA): {}\nPyTorch "
      "limit: {}",
      format_size(error.allocated), format_size(error.requested), format_size(error.device_total),
      format_size(error.device_free), format_size(limit));
}

}  // namespace

std::string OutOfMemory::message() const {
  switch (cause) {
    case Cause::rejected:
      return fmt::format("CUDA out of memory. Tried to allocate {}, rejected because of the memory fraction.",
                         format_size(requested));
    case Cause::absurd:
      return fmt::format("CUDA out of memory. Tried to allocate {}, more than any device has.",
                         format_size(requested));
    case Cause::exhausted: break;
  }
  return backend == Backend::cuda_malloc_async ? exhausted_pool_message(*this) : exhausted_message(*this);
}

const char* OutOfMemory::what() const noexcept { return "out of device memory"; }

OutOfMemory absurd_request(std::size_t bytes) {
  OutOfMemory error;
  error.cause = OutOfMemory::Cause::absurd;
  error.requested = bytes;
  return error;
}

}  // namespace memsweep
