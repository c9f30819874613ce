#include "harness/standin/report.h"

#include <cxxabi.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/standin/driver_model.h"
#include "harness/standin/own_runtimes.h"

namespace memsweep::standin {
namespace {

using Json = nlohmann::ordered_json;

/// A kernel's name as it stands in the source, without its arguments.
std::string readable(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  std::string text = status == 0 ? name.get() : symbol;
  constexpr std::string_view kUnnamed = "(anonymous namespace)::";
  for (auto at = text.find(kUnnamed); at != text.npos; at = text.find(kUnnamed))
    text.erase(at, kUnnamed.size());
  const std::size_t begin = text.starts_with("void ") ? 5 : 0;
  return text.substr(begin, text.find_first_of("<(", begin) - begin);
}

Json devices_of(const DriverModel& model) {
  Json devices = Json::array();
  for (int device = 0; device < model.settings.devices; ++device) {
    const DeviceMemory& memory = model.memory;
    devices.push_back({{"capacity", memory.capacity()},
                       {"context", model.settings.context},
                       {"used", memory.capacity() - memory.free_bytes(device)},
                       {"peak", memory.peak_bytes(device)},
                       {"refusals", memory.refusals(device)}});
  }
  return devices;
}

Json cudnn_of(const GraphsOfCudnn& graphs) {
  return {{"version", graphs.version},
          {"refusal", graphs.refusal},
          {"asked_plans", graphs.asked_plans},
          {"assumed_plans", graphs.assumed_plans},
          {"compared", graphs.compared}};
}

Json report_of(const DriverModel& model) {
  const Observations& seen = model.observations;
  Json unsupported = Json::array(), estimates = Json::array(), blind = Json::array();
  for (const auto& [function, count] : seen.unsupported) {
    unsupported.push_back({{"symbol", function}, {"count", count}});
  }
  for (const auto& [function, sizes] : seen.estimates) {
    estimates.push_back({{"symbol", function}, {"count", sizes.count}, {"most_bytes", sizes.most_bytes}});
  }
  for (const BlindRead& read : seen.first_blind_reads) {
    blind.push_back({{"bytes", read.bytes}, {"after", readable(read.after)}});
  }
  return {{"pid", getpid()},
          {"devices", devices_of(model)},
          {"unsupported", unsupported},
          {"estimates", estimates},
          {"cudnn", cudnn_of(seen.cudnn)},
          {"blind_reads", {{"count", seen.blind_reads}, {"first", blind}}},
          {"shadow_reads", seen.shadow_reads},
          {"truths_by_rule", seen.truths_by_rule},
          {"counts_by_rule", seen.counts_by_rule},
          {"density", model.settings.density},
          {"own_runtimes", seen.own_runtimes}};
}

}  // namespace

void write_report(const DriverModel& model) {
  // A child that was forked has its parent's model, and did nothing with it.
  if (model.settings.report.empty() || getpid() != model.pid) return;
  if (!model.used() && !model.observations.are_there_without_device()) return;
  const std::string file = fmt::format("{}/device-{}.json", model.settings.report, getpid());
  const std::string unfinished = file + ".tmp";
  std::ofstream(unfinished) << report_of(model).dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  std::rename(unfinished.c_str(), file.c_str());
}

void write_last_report(DriverModel& model) {
  if (model.settings.report.empty()) return;
  model.observations.own_runtimes = files_with_own_runtime();
  write_report(model);
}

void write_report_of_growth(DriverModel& model) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kBetween{200};
  std::size_t peak = 0;
  for (int device = 0; device < model.settings.devices; ++device) peak += model.memory.peak_bytes(device);
  if (peak == model.reported_peak) return;
  const Clock::time_point now = Clock::now();
  if (now - model.reported_at < kBetween) return;
  model.reported_peak = peak;
  model.reported_at = now;
  write_report(model);
}

}  // namespace memsweep::standin

void memsweep_standin_write_report() {
  const std::lock_guard lock(memsweep::standin::model_mutex());
  memsweep::standin::write_last_report(memsweep::standin::model());
}
