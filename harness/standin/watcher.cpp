#include "harness/standin/watcher.h"

#include <atomic>

namespace memsweep::standin {
namespace {

std::atomic<void (*)(const char*)> told{nullptr};

}  // namespace

void tell_watcher(const char* what) {
  if (const auto watcher = told.load()) watcher(what);
}

}  // namespace memsweep::standin

void memsweep_standin_watch(void (*watcher)(const char* what)) { memsweep::standin::told = watcher; }
