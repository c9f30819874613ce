#include "harness/trace/replayed_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/memory/settings.h"
#include "harness/memory/size_rules.h"

namespace memsweep {
namespace {

/// A size as in PyTorch's messages, in one word.
std::string size_word(std::size_t bytes) {
  std::string size = format_size(bytes);
  size[size.find(' ')] = '_';
  return size;
}

char letter_of(BlockState state) {
  return state == BlockState::live ? 'A' : state == BlockState::pending ? 'P' : 'I';
}

std::string segment_line(const SegmentSnapshot& s) {
  return fmt::format("S {:x} {} {:x} {} {} {} {} {} {}", s.address, s.size, s.stream,
                     s.pool == PoolKind::small ? "small" : "large", s.expandable ? 1 : 0, s.allocated,
                     s.active, s.requested, s.blocks.size());
}

std::string block_line(const BlockSnapshot& b) {
  return fmt::format("B {:x} {} {} {}", b.address, b.size, b.requested, letter_of(b.state));
}

}  // namespace

ReplayedLog::ReplayedLog(const OperationLog& log, SegmentSource* real)
    : log_(log),
      device_(log.total_bytes, log.used_before, real),
      allocator_(device_, parse_settings(log.settings, log.release), log.release, device_) {
  if (log.fraction) allocator_.set_memory_fraction(*log.fraction);
}

std::vector<std::string> ReplayedLog::perform(const LogOperation& operation) {
  refusal_.reset();
  if (operation.op == LogOp::change_settings) {
    allocator_.apply_settings(log_.settings_of(operation));
    return {log_.line(operation.line)};
  }
  const Stream stream = log_.streams[operation.stream];
  const std::size_t id = operation.op == LogOp::complete_some
                             ? std::min(operation.bytes, device_.pending(stream))
                             : operation.id;
  const Address address = act(operation);
  std::vector<std::string> lines = device_.take_calls();
  lines.push_back(line_of(operation, id, address));
  return lines;
}

/// Gives the address that the operation's line names.
Address ReplayedLog::act(const LogOperation& operation) {
  const Stream stream = log_.streams[operation.stream];
  switch (operation.op) {
    case LogOp::allocate: return allocate(operation);
    case LogOp::free: allocator_.free(addresses_.at(operation.id)); return addresses_.at(operation.id);
    case LogOp::empty_cache: allocator_.empty_cache(); break;
    case LogOp::reset_peaks: allocator_.reset_peaks(); break;
    case LogOp::reset_accumulated: allocator_.reset_accumulated(); break;
    case LogOp::record_stream:
      if (addresses_.at(operation.id) != 0) allocator_.record_stream(addresses_.at(operation.id), stream);
      break;
    case LogOp::hold_events: device_.hold(operation.id == 1); break;
    case LogOp::complete_some: device_.complete(stream, operation.bytes); break;
    case LogOp::complete_all: device_.complete(stream, device_.pending(stream)); break;
    case LogOp::change_settings: break;
  }
  return 0;
}

Address ReplayedLog::allocate(const LogOperation& operation) {
  try {
    return addresses_[operation.id] = allocator_.allocate(operation.bytes, log_.streams[operation.stream]);
  } catch (const OutOfMemory& refusal) {
    refusal_ = refusal;
    return 0;
  }
}

std::string ReplayedLog::line_of(const LogOperation& operation, std::size_t id, Address address) const {
  std::string line = fmt::format("{} {} {} {} {} {:x}", static_cast<char>(operation.op), id, operation.bytes,
                                 operation.stream, refusal_ ? 0 : 1, address);
  for (const LogColumn& column : log_.columns) {
    line += fmt::format(" {}", column.value(allocator_.statistics(), device_.info()));
  }
  return line;
}

// A request that throw_on_cudamalloc_oom rejects names only itself.
std::string ReplayedLog::message() const {
  if (!refusal_ || refusal_->cause != OutOfMemory::Cause::exhausted) return "m";
  const OutOfMemory& refusal = *refusal_;
  std::string line = fmt::format("m tried={} total={} free={}", size_word(refusal.tried),
                                 size_word(refusal.device_total), size_word(refusal.device_free));
  if (refusal.limit) line += fmt::format(" allowed={}", size_word(*refusal.limit));
  return line + fmt::format(" allocated={} unallocated={}", size_word(refusal.allocated),
                            size_word(refusal.reserved - refusal.allocated));
}

std::vector<std::string> ReplayedLog::final_lines() const {
  const std::vector<SegmentSnapshot> segments = allocator_.snapshot();
  std::vector<std::string> lines{fmt::format("# segments {}", segments.size())};
  for (const SegmentSnapshot& segment : segments) {
    lines.push_back(segment_line(segment));
    for (const BlockSnapshot& block : segment.blocks) lines.push_back(block_line(block));
  }
  for (const NamedStatistic& entry : memory_stats(allocator_.statistics(), allocator_.rules())) {
    lines.push_back(fmt::format("T {} {}", entry.name, entry.value));
  }
  lines.emplace_back("# end");
  return lines;
}

}  // namespace memsweep
