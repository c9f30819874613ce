// Replays what PyTorch's own allocator did, operation by operation, and compares every address,
// statistic, device call, out-of-memory message and the final layout.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/memory/caching_allocator.h"
#include "tests/golden.h"
#include "tests/memory/stand_in.h"
#include "tests/memory/trace.h"

namespace memsweep {
namespace {

using testing::StandIn;
using testing::Trace;

std::filesystem::path folder() { return testing::golden_root() / "allocator"; }

/// A column of an operation line: a value of the statistics.
std::int64_t column(const std::string& name, const Statistics& s) {
  static const std::map<std::string, std::int64_t (*)(const Statistics&)> kColumns{
      {"allocated", [](const Statistics& t) { return t.allocated_bytes.all.current; }},
      {"allocated_peak", [](const Statistics& t) { return t.allocated_bytes.all.peak; }},
      {"reserved", [](const Statistics& t) { return t.reserved_bytes.all.current; }},
      {"reserved_peak", [](const Statistics& t) { return t.reserved_bytes.all.peak; }},
      {"active", [](const Statistics& t) { return t.active_bytes.all.current; }},
      {"active_peak", [](const Statistics& t) { return t.active_bytes.all.peak; }},
      {"inactive_split", [](const Statistics& t) { return t.inactive_split_bytes.all.current; }},
      {"inactive_split_peak", [](const Statistics& t) { return t.inactive_split_bytes.all.peak; }},
      {"requested", [](const Statistics& t) { return t.requested_bytes.all.current; }},
      {"requested_peak", [](const Statistics& t) { return t.requested_bytes.all.peak; }},
      {"allocated_small", [](const Statistics& t) { return t.allocated_bytes.small_pool.current; }},
      {"reserved_small", [](const Statistics& t) { return t.reserved_bytes.small_pool.current; }},
      {"active_small", [](const Statistics& t) { return t.active_bytes.small_pool.current; }},
      {"inactive_split_small", [](const Statistics& t) { return t.inactive_split_bytes.small_pool.current; }},
      {"requested_small", [](const Statistics& t) { return t.requested_bytes.small_pool.current; }},
      {"n_allocation", [](const Statistics& t) { return t.allocation.all.current; }},
      {"n_segment", [](const Statistics& t) { return t.segment.all.current; }},
      {"n_active", [](const Statistics& t) { return t.active.all.current; }},
      {"n_inactive_split", [](const Statistics& t) { return t.inactive_split.all.current; }},
      {"n_oversize_alloc", [](const Statistics& t) { return t.oversize_allocations.current; }},
      {"n_oversize_segment", [](const Statistics& t) { return t.oversize_segments.current; }},
      {"alloc_retries", [](const Statistics& t) { return t.num_alloc_retries; }},
      {"ooms", [](const Statistics& t) { return t.num_ooms; }},
      {"sync_all_streams", [](const Statistics& t) { return t.num_sync_all_streams; }},
      {"device_alloc", [](const Statistics& t) { return t.num_device_alloc; }},
      {"device_free", [](const Statistics& t) { return t.num_device_free; }},
  };
  return kColumns.at(name)(s);
}

std::string message_line(const OutOfMemory& error) {
  if (error.cause != OutOfMemory::Cause::exhausted) return "m ";
  std::string line = "m tried=" + format_size(error.tried) + " total=" + format_size(error.device_total) +
                     " free=" + format_size(error.device_free);
  if (error.limit) line += " allowed=" + format_size(*error.limit);
  line += " allocated=" + format_size(error.allocated) +
          " unallocated=" + format_size(error.reserved - error.allocated);
  for (const std::string unit : {"bytes", "KiB", "MiB", "GiB"}) {
    for (auto at = line.find(' ' + unit); at != std::string::npos; at = line.find(' ' + unit)) line[at] = '_';
  }
  return line;
}

char state_letter(BlockState state) {
  return state == BlockState::live ? 'A' : state == BlockState::pending ? 'P' : 'I';
}

/// Runs one trace and writes down what happens in the format of the trace.
class Replay {
 public:
  explicit Replay(const Trace& trace)
      : trace_(trace),
        release_(trace.header.contains("compat") ? parse_release(trace.header.at("compat"))
                                                 : PytorchRelease::v2_11),
        device_(std::stoull(trace.header.at("total_bytes")), std::stoull(trace.header.at("used_before"))),
        allocator_(device_, parse_settings(setting("conf").value_or(""), release_), release_, device_) {
    if (const auto fraction = setting("fraction")) allocator_.set_memory_fraction(std::stod(*fraction));
  }

  /// What an operation line gives: its device calls, then the line as it should read.
  std::vector<std::string> operation(const std::string& recorded) {
    const std::vector<std::string> fields = testing::words(recorded);
    const std::string& op = fields[0];
    const std::size_t id = std::stoull(fields[1]);
    const std::size_t bytes = std::stoull(fields[2]);
    const Stream stream = trace_.streams.at(std::stoull(fields[3]));
    last_error_.reset();
    const Address address = perform(op, id, bytes, stream);
    std::vector<std::string> lines = device_.take_calls();
    std::string line =
        fmt::format("{} {} {} {} {} {:x}", op, id, bytes, fields[3], last_error_ ? 0 : 1, address);
    for (std::size_t i = 6; i < trace_.columns.size(); ++i) {
      const std::string& name = trace_.columns[i];
      const auto value = name == "device_used" ? static_cast<std::int64_t>(device_.info().used)
                                               : column(name, allocator_.statistics());
      line += ' ' + std::to_string(value);
    }
    lines.push_back(line);
    return lines;
  }

  void change_settings(const std::string& text) { allocator_.apply_settings(text); }

  [[nodiscard]] std::string message() const { return last_error_ ? message_line(*last_error_) : "no error"; }

  [[nodiscard]] std::vector<std::string> final_lines() const {
    std::vector<std::string> lines;
    const std::vector<SegmentSnapshot> segments = allocator_.snapshot();
    lines.push_back(fmt::format("# segments {}", segments.size()));
    for (const SegmentSnapshot& s : segments) {
      lines.push_back(fmt::format("S {:x} {} {:x} {} {} {} {} {} {}", s.address, s.size, s.stream,
                                  s.pool == PoolKind::small ? "small" : "large", s.expandable ? 1 : 0,
                                  s.allocated, s.active, s.requested, s.blocks.size()));
      for (const BlockSnapshot& b : s.blocks) {
        lines.push_back(
            fmt::format("B {:x} {} {} {}", b.address, b.size, b.requested, state_letter(b.state)));
      }
    }
    for (const NamedStatistic& entry : memory_stats(allocator_.statistics(), allocator_.rules())) {
      lines.push_back(fmt::format("T {} {}", entry.name, entry.value));
    }
    lines.emplace_back("# end");
    return lines;
  }

  void check() const { allocator_.check(); }

 private:
  [[nodiscard]] std::optional<std::string> setting(const std::string& name) const {
    const std::string& value = trace_.header.at(name);
    return value == "-" ? std::nullopt : std::optional(value);
  }

  /// Gives the address that the operation's line names.
  Address perform(const std::string& op, std::size_t id, std::size_t bytes, Stream stream) {
    if (op == "a") return allocate(id, bytes, stream);
    if (op == "f") {
      const Address address = blocks_.at(id);
      allocator_.free(address);
      return address;
    }
    if (op == "e") allocator_.empty_cache();
    if (op == "p") allocator_.reset_peaks();
    if (op == "q") allocator_.reset_accumulated();
    if (op == "r") allocator_.record_stream(blocks_.at(id), stream);
    if (op == "h") device_.hold(id == 1);
    if (op == "c") device_.complete(stream, bytes);
    if (op == "C") device_.complete(stream, device_.pending(stream));
    return 0;
  }

  Address allocate(std::size_t id, std::size_t bytes, Stream stream) {
    try {
      return blocks_[id] = allocator_.allocate(bytes, stream);
    } catch (const OutOfMemory& error) {
      last_error_ = error;
      return 0;
    }
  }

  const Trace& trace_;
  PytorchRelease release_;
  StandIn device_;
  CachingAllocator allocator_;
  std::unordered_map<std::size_t, Address> blocks_;
  std::optional<OutOfMemory> last_error_;
};

/// The lines of a trace in order, with the first one that is not as expected.
class Comparison {
 public:
  explicit Comparison(const Trace& trace) : lines_(trace.lines) {}

  [[nodiscard]] bool at_end() const { return next_ >= lines_.size(); }
  [[nodiscard]] const std::string& next() const { return lines_[next_]; }
  void skip() { ++next_; }

  [[nodiscard]] ::testing::AssertionResult expect(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::string recorded = at_end() ? "(end of the trace)" : next();
      if (line != recorded) {
        return ::testing::AssertionFailure()
               << "line " << next_ + 1 << "\n  PyTorch:  " << recorded << "\n  memsweep: " << line;
      }
      skip();
    }
    return ::testing::AssertionSuccess();
  }

  /// The operation line behind the device calls that stand next.
  [[nodiscard]] const std::string& next_operation() const {
    return *std::find_if(lines_.begin() + static_cast<std::ptrdiff_t>(next_), lines_.end(),
                         [](const std::string& line) { return line[0] != 'd'; });
  }

 private:
  const std::vector<std::string>& lines_;
  std::size_t next_ = 0;
};

class AllocatorGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(AllocatorGolden, behaves_as_pytorch_did_at_every_step) {
  const Trace trace = testing::read_trace(folder() / GetParam());
  Replay replay(trace);
  Comparison comparison(trace);
  std::size_t operations = 0;
  while (!comparison.at_end()) {
    const std::string& line = comparison.next();
    if (line.rfind("# segments", 0) == 0) break;
    if (line[0] == '#') {
      comparison.skip();
    } else if (line[0] == 's') {
      replay.change_settings(line.substr(2));
      comparison.skip();
    } else if (line[0] == 'm') {
      ASSERT_TRUE(comparison.expect({replay.message()}));
    } else {
      ASSERT_TRUE(comparison.expect(replay.operation(comparison.next_operation())));
      if (++operations % 256 == 0) {
        ASSERT_NO_THROW(replay.check());
      }
    }
  }
  EXPECT_GT(operations, 0u);
  ASSERT_NO_THROW(replay.check());
  EXPECT_TRUE(comparison.expect(replay.final_lines()));
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& file : testing::trace_files(folder())) {
    result.push_back(std::filesystem::relative(file, folder()).generic_string());
  }
  return result;
}

TEST(AllocatorGoldenSet, has_traces) { EXPECT_FALSE(names().empty()); }

INSTANTIATE_TEST_SUITE_P(Traces, AllocatorGolden, ::testing::ValuesIn(names()),
                         [](const auto& instance) { return testing::test_name(instance.param); });

}  // namespace
}  // namespace memsweep
