// Whoever watches a run from within wants to know at once when its results begin to hang on something: only
// then can it tell where in the program that was.
#pragma once

namespace memsweep::standin {

/// `what` as the watcher is told it, beside the names of functions that are not modelled.
inline constexpr const char* kBlindRead = "blind read";
inline constexpr const char* kShadowRead = "shadow read";
inline constexpr const char* kTruthByRule = "truth by rule";
inline constexpr const char* kCountByRule = "count by rule";
inline constexpr const char* kAssumedPlan = "assumed plan";
inline constexpr const char* kComparedPlans = "compared plans";

/// Calls the watcher, if there is one. Not to be called under model_mutex(): a watcher may wait for a thread
/// that waits for it, as Python's does.
void tell_watcher(const char* what);

}  // namespace memsweep::standin

/// From now on `watcher(what)` is called in the thread, and within the call, that does something of its kind
/// for the first time in this process. Null: nobody is told.
extern "C" void memsweep_standin_watch(void (*watcher)(const char* what));
