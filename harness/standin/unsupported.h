// Functions of CUDA's libraries that are there for whoever links against them.
//
// Their sources are generated from the names.txt of each library. They are weak: where a library defines a
// function itself, that one is taken.
#pragma once

#include <string_view>

namespace memsweep::standin {

/// Counts a call of a function that does nothing here; returns `status`.
int unsupported(std::string_view function, int status);

/// Counts a call of a function whose results lie on the device: 0, or `failed` where the context is broken,
/// or what a fault says.
int work_on_device(std::string_view function, int failed);

}  // namespace memsweep::standin

/// Parameters are not named: by the ABIs of C that are in use a callee may ignore them.
#define MEMSWEEP_UNSUPPORTED(name, status) \
  extern "C" [[gnu::weak]] int name() { return memsweep::standin::unsupported(#name, status); }
#define MEMSWEEP_WORKS(name, failed) \
  extern "C" [[gnu::weak]] int name() { return memsweep::standin::work_on_device(#name, failed); }
