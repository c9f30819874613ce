// What a caching allocator was asked for and everything that it answered, operation by operation. The format
// stands in tests/golden/allocator/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/memory/rules.h"
#include "harness/memory/streams.h"
#include "harness/trace/log_columns.h"

namespace memsweep {

/// The letter is the file's.
enum class LogOp : char {
  allocate = 'a',
  free = 'f',
  empty_cache = 'e',
  reset_peaks = 'p',
  reset_accumulated = 'q',
  record_stream = 'r',
  hold_events = 'h',    // id 1: events recorded from now on stay pending; 0: no more, and those pending pass
  complete_some = 'c',  // the `bytes` oldest pending events of the stream pass, of which there are `id`
  complete_all = 'C',   // all pending events of the stream pass
  change_settings = 's',  // at run time; has no statistics
};

struct LogOperation {
  LogOp op = LogOp::allocate;
  bool succeeded = true;     // else the request was refused
  std::uint16_t stream = 0;  // index into OperationLog::streams
  std::size_t id = 0;        // of the block
  std::size_t bytes = 0;
  std::size_t line = 0;  // where it stands, from 1
};

/// Ids belong together as the operations need it: every free, say, names a block that is live.
struct OperationLog {
  PytorchRelease release = PytorchRelease::v2_11;
  std::string settings;            // as PYTORCH_CUDA_ALLOC_CONF
  std::optional<double> fraction;  // of the device, that the process may take
  std::size_t total_bytes = 0;     // of the device
  std::size_t used_before = 0;     // of these
  std::vector<Stream> streams;     // handles
  std::vector<LogColumn> columns;  // of an operation line, from the seventh field on
  std::vector<LogOperation> operations;

  std::vector<std::string> lines;  // all of the file, without blanks at their ends
  std::size_t first_line = 0;      // behind the header, from 1
  std::size_t layout_line = 0;     // where the final layout begins, from 1

  [[nodiscard]] const std::string& line(std::size_t number) const { return lines[number - 1]; }
  /// Of an operation that changes them.
  [[nodiscard]] std::string_view settings_of(const LogOperation& operation) const;
};

/// Throws UsageError naming the line and what is wrong with it.
[[nodiscard]] OperationLog parse_operation_log(std::string_view text);

/// The same of a file, plain or gzip.
[[nodiscard]] OperationLog read_operation_log(const std::filesystem::path& file);

/// Whether the file begins as an operation log does; false if it cannot be read.
[[nodiscard]] bool is_operation_log(const std::filesystem::path& file);

/// The fields of a line.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);

}  // namespace memsweep
