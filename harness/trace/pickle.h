// Pickles of protocols 2 to 5 that hold data only. Nothing in them is executed.
#pragma once

#include "harness/trace/document.h"
#include "harness/trace/input.h"

namespace memsweep {

/// Reads one pickle and returns its root. The items of the highest lists (ListPath) go to `receiver` as soon
/// as they are complete, and are not in the root. Memory: the containers that are not complete or not in such
/// a list, and one memo entry for each text and each container that was reduced.
/// Throws UsageError with the byte offset for whatever is no such pickle: opcodes that run code or build
/// objects, truncated input, containers that contain themselves, integers beyond 64 bits, numbers of values
/// beyond Document::kMostHeld.
[[nodiscard]] Value read_pickle(Input& input, Document& document, Receiver& receiver);

}  // namespace memsweep
