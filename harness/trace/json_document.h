// JSON, read as a pickle of the same content is.
#pragma once

#include "harness/trace/document.h"
#include "harness/trace/input.h"

namespace memsweep {

/// Reads the whole input as one JSON value and returns it; `receiver` as for read_pickle. Throws UsageError
/// with the byte offset.
[[nodiscard]] Value read_json(Input& input, Document& document, Receiver& receiver);

}  // namespace memsweep
