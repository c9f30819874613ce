#include "harness/standin/driver_model.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "harness/base/errors.h"
#include "harness/standin/own_runtimes.h"

namespace memsweep::standin {
namespace {

Settings environment_settings() {
  const char* const text = std::getenv("MEMSWEEP_STANDIN");
  try {
    return parse_settings(text == nullptr ? "" : text);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::fflush(nullptr);
    _exit(2);
  }
}

/// Never destroyed: objects of the program that outlive main() may still free their memory.
std::unique_ptr<DriverModel>& holder() {
  static auto* const holder = new std::unique_ptr<DriverModel>;
  return *holder;
}

NewMemory backing_of(const Settings& settings) {
  if (!settings.compute) return NewMemory::none;
  return settings.garbage ? NewMemory::garbage : NewMemory::zeros;
}

void lock_model() { model_mutex().lock(); }

void unlock_model() { model_mutex().unlock(); }

/// A forked child is a process with settings of its own as long as nothing was done with a device. If
/// something was, its parent's context is as useless to it as with the true libraries.
void unlock_model_of_child() {
  std::unique_ptr<DriverModel>& held = holder();
  if (held != nullptr && !held->used()) held.reset();
  unlock_model();
}

std::unique_ptr<DriverModel> first_model() {
  static const int kUnused = pthread_atfork(lock_model, unlock_model, unlock_model_of_child);
  static_cast<void>(kUnused);
  return std::make_unique<DriverModel>(environment_settings());
}

/// After everything that the program does at exit.
__attribute__((destructor)) void report_at_exit() {
  if (holder() == nullptr &&
      (std::getenv("MEMSWEEP_STANDIN") == nullptr || files_with_own_runtime().empty())) {
    return;
  }
  write_last_report(model());
  if (!holder()->settings.leaks) return;
  const auto live = holder()->live();
  if (live.empty()) return;
  for (const auto& [maker, count] : live) {
    std::fprintf(stderr, "MEMSWEEP_STANDIN: at exit %zu of %s are still there\n", count, maker.c_str());
  }
  std::fflush(nullptr);
  _exit(kLeakStatus);
}

}  // namespace

DriverModel::DriverModel(Settings wanted)
    : settings(std::move(wanted)),
      memory(settings.devices, settings.memory, settings.context + settings.others, backing_of(settings)),
      rules(settings.density),
      broken(settings.devices, cudaSuccess),
      in_use(settings.devices, false),
      pid(getpid()) {
  calls.set_faults(settings.faults);
  for (int device = 0; device < settings.devices; ++device) pools.emplace_back(memory, device);
}

bool DriverModel::used() const {
  return std::ranges::any_of(in_use, [](bool device) { return device; });
}

std::map<std::string, std::size_t> DriverModel::live() const {
  std::map<std::string, std::size_t> live;
  handles.count_live(live);
  memory.count_live(live);
  for (const MemoryPool& pool : pools) {
    live["cudaMalloc"] -= pool.pieces();
    live["cudaMallocAsync"] += pool.allocations();
  }
  live["nvmlInit"] = static_cast<std::size_t>(nvml_users);
  std::erase_if(live, [](const auto& entry) { return entry.second == 0; });
  return live;
}

DriverModel& model() {
  std::unique_ptr<DriverModel>& held = holder();
  if (held == nullptr) held = first_model();
  return *held;
}

std::mutex& model_mutex() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

CallLock::~CallLock() {
  std::string& news = model().observations.news;
  if (news.empty()) return;
  const std::string what = std::exchange(news, {});
  lock_.unlock();
  tell_watcher(what.c_str());
}

void replace_model(Settings settings) {
  const std::lock_guard lock(model_mutex());
  holder().reset();  // before the next one wants the same addresses
  holder() = std::make_unique<DriverModel>(std::move(settings));
  current_device() = 0;
}

bool breaks_context(cudaError_t error) {
  constexpr std::array kFatal{cudaErrorECCUncorrectable,   cudaErrorIllegalAddress,
                              cudaErrorLaunchTimeout,      cudaErrorAssert,
                              cudaErrorHardwareStackError, cudaErrorIllegalInstruction,
                              cudaErrorMisalignedAddress,  cudaErrorInvalidAddressSpace,
                              cudaErrorInvalidPc,          cudaErrorLaunchFailure};
  return std::ranges::find(kFatal, error) != kFatal.end();
}

bool is_stream(const DriverModel& model, cudaStream_t stream) {
  constexpr std::uintptr_t kPerThread = 2;  // 1 and 2 stand for the default streams, as null does
  return reinterpret_cast<std::uintptr_t>(stream) <= kPerThread || model.handles.holds(kStream, stream);
}

std::string pci_bus_id(int device) { return fmt::format("0000:{:02x}:00.0", device + 1); }

bool& in_true_library() {
  thread_local bool running = false;
  return running;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

}  // namespace memsweep::standin
