#include "harness/trace/trace_of_log.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

namespace memsweep {
namespace {

class LogTracer {
 public:
  explicit LogTracer(const OperationLog& log) : log_(log) { trace_.streams = log.streams; }

  Trace take() && {
    std::size_t calls = log_.first_line;
    for (const LogOperation& operation : log_.operations) {
      line_ = static_cast<std::uint32_t>(operation.line);
      const bool waited = waits_for_events(calls, operation.line);
      add(operation);
      if (waited) complete_all();
      calls = operation.line + 1;
    }
    return std::move(trace_);
  }

 private:
  struct User {  // of a block that is live
    TraceBlock block = 0;
    std::uint16_t stream = 0;
    std::vector<std::uint16_t> others;  // streams that use it, too
  };
  struct PendingEvent {
    TraceBlock block = 0;
    std::uint16_t stream = 0;
  };

  /// An allocator that waits for one event waits for all.
  [[nodiscard]] bool waits_for_events(std::size_t first_line, std::size_t end_line) const {
    for (std::size_t i = first_line; i < end_line; ++i) {
      if (log_.line(i).starts_with("d event_sync ")) return true;
    }
    return false;
  }

  void add(const LogOperation& operation) {
    switch (operation.op) {
      case LogOp::allocate: allocate(operation); break;
      case LogOp::free: free(operation.id); break;
      case LogOp::empty_cache: push({.kind = Operation::Kind::empty_cache}); break;
      case LogOp::record_stream: record_stream(live_.at(operation.id), operation.stream); break;
      case LogOp::hold_events:
        holds_ = operation.id == 1;
        if (!holds_) complete_all();
        break;
      case LogOp::complete_some: complete(operation.stream, operation.bytes); break;
      case LogOp::complete_all: complete(operation.stream, pending_.size()); break;
      case LogOp::reset_peaks:
      case LogOp::reset_accumulated:
      case LogOp::change_settings: break;  // not the program's wish
    }
  }

  void push(Operation operation) {
    operation.event = line_;
    trace_.operations.push_back(operation);
  }

  void allocate(const LogOperation& operation) {
    const auto block = static_cast<TraceBlock>(trace_.blocks++);
    push({.bytes = operation.bytes,
          .block = block,
          .stream = operation.stream,
          .kind = operation.succeeded ? Operation::Kind::allocate : Operation::Kind::attempt});
    if (operation.succeeded) live_[operation.id] = {block, operation.stream, {}};
  }

  void record_stream(User& user, std::uint16_t stream) {
    const auto& others = user.others;
    if (stream == user.stream || std::find(others.begin(), others.end(), stream) != others.end()) return;
    if (user.others.empty()) push({.block = user.block, .kind = Operation::Kind::lend});
    user.others.push_back(stream);
  }

  void free(std::size_t id) {
    const User user = live_.extract(id).mapped();
    push({.block = user.block, .kind = Operation::Kind::free});
    if (user.others.empty()) return;
    for (const std::uint16_t stream : user.others) pending_.push_back({user.block, stream});
    waits_for_[user.block] = user.others.size();
    if (!holds_) complete_all();
  }

  void complete_all() {
    for (const PendingEvent& event : std::exchange(pending_, {})) pass(event.block);
  }

  void complete(std::uint16_t stream, std::size_t count) {
    std::erase_if(pending_, [&](const PendingEvent& event) {
      if (event.stream != stream || count == 0) return false;
      --count;
      pass(event.block);
      return true;
    });
  }

  void pass(TraceBlock block) {
    if (--waits_for_[block] == 0) push({.block = block, .kind = Operation::Kind::give_back});
  }

  const OperationLog& log_;
  Trace trace_;
  std::uint32_t line_ = 0;
  bool holds_ = false;
  std::unordered_map<std::size_t, User> live_;  // by id
  std::vector<PendingEvent> pending_;           // the oldest first
  std::unordered_map<TraceBlock, std::size_t> waits_for_;
};

}  // namespace

Trace trace_of(const OperationLog& log) { return LogTracer(log).take(); }

}  // namespace memsweep
