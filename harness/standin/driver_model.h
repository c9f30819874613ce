// The devices of this process: one model, which all libraries of the stand-in are functions over.
#pragma once

#include <driver_types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/standin/calls.h"
#include "harness/standin/device_memory.h"
#include "harness/standin/handles.h"
#include "harness/standin/memory_pool.h"
#include "harness/standin/observations.h"
#include "harness/standin/read_rules.h"
#include "harness/standin/report.h"
#include "harness/standin/settings.h"
#include "harness/standin/shadow.h"

namespace memsweep::standin {

/// Of CUDA, as the driver and the runtime answer it.
inline constexpr int kDriverVersion = 13000;

/// What makes streams, among the handles.
inline constexpr std::string_view kStream = "cudaStreamCreate";

struct DriverModel {
  explicit DriverModel(Settings wanted);

  [[nodiscard]] bool has_device(int device) const { return device >= 0 && device < settings.devices; }

  /// Whether anything was done with a device.
  [[nodiscard]] bool used() const;

  /// What is live by the function that made it.
  [[nodiscard]] std::map<std::string, std::size_t> live() const;

  Settings settings;
  Calls calls;
  Observations observations;
  Handles handles;
  DeviceMemory memory;
  Shadow shadow;
  ReadRules rules;
  std::map<Address, std::size_t> pinned;  // host memory that devices can reach: bytes by address
  std::deque<MemoryPool> pools;           // of each device
  std::vector<cudaError_t> broken;        // by device: the error that ended its context; cudaSuccess: none
  std::set<std::pair<int, int>> peers;    // devices, and whose memory they reach
  std::vector<bool> in_use;               // by device: whether something was done with it
  int pid;                                // of the process that made it
  std::size_t reported_peak = 0;          // bytes in use on all devices when the report was last written
  std::chrono::steady_clock::time_point reported_at;
  int nvml_users = 0;  // nvmlInit() without nvmlShutdown()
};

/// The model, made from MEMSWEEP_STANDIN at the first call; a mistake there ends the process with exit status
/// 2. A forked child whose parent had not used a device yet makes its own. To be used under model_mutex()
/// only.
DriverModel& model();
std::mutex& model_mutex();

/// model_mutex() for one call of a function; afterwards tells the watcher what it did first of all.
class CallLock {
 public:
  CallLock() : lock_(model_mutex()) {}
  ~CallLock();
  CallLock(const CallLock&) = delete;
  CallLock& operator=(const CallLock&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
};

/// A new model in place of the present one: whatever was live is gone, every call uncounted.
void replace_model(Settings settings);

/// Whether nothing can be done with a context any more once a call has returned `error`.
[[nodiscard]] bool breaks_context(cudaError_t error);

/// "0000:01:00.0", as the runtime writes it.
[[nodiscard]] std::string pci_bus_id(int device);

/// Of the calling thread.
int& current_device();

/// Where `leaks` is on and something was live at exit, the exit status is this one.
inline constexpr int kLeakStatus = 86;

/// Whether work can be queued there: the default streams, and those that were created.
[[nodiscard]] bool is_stream(const DriverModel& model, cudaStream_t stream);

/// Runs `body(model)` as a call of `function`: counted, under the lock, or not run but failing as a fault
/// says.
template <class Status, class Body>
Status run_call(std::string_view function, Body body) {
  const CallLock lock;
  if (const int error = model().calls.enter(function); error != 0) return static_cast<Status>(error);
  return body(model());
}

/// The same for a function that needs the current device's context: fails where it is broken, and breaks it
/// where the error is one after which a context is of no use.
template <class Status, class Body>
Status run_context_call(std::string_view function, Body body) {
  const CallLock lock;
  DriverModel& now = model();
  const int fault = now.calls.enter(function);
  now.in_use[current_device()] = true;
  cudaError_t& broken = now.broken[current_device()];
  if (broken != cudaSuccess) return static_cast<Status>(broken);
  const Status status = fault != 0 ? static_cast<Status>(fault) : body(now);
  if (breaks_context(static_cast<cudaError_t>(status))) broken = static_cast<cudaError_t>(status);
  if (!now.settings.report.empty()) write_report_of_growth(now);
  return status;
}

}  // namespace memsweep::standin
