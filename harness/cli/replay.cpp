#include <algorithm>
#include <cstdio>
#include <functional>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/cli/commands.h"
#include "harness/cli/progress.h"
#include "harness/cli/replay_options.h"
#include "harness/device/device.h"
#include "harness/memory/settings.h"
#include "harness/report/replay_report.h"
#include "harness/trace/check_operation_log.h"
#include "harness/trace/largest_fit.h"
#include "harness/trace/operation_log.h"
#include "harness/trace/read_recording.h"
#include "harness/trace/recorded_trace.h"
#include "harness/trace/reenact.h"
#include "harness/trace/trace_of_log.h"
#include "harness/trace/what_if.h"

namespace memsweep {
namespace {

struct CheckResult {
  std::string text;  // what agrees, or the first difference
  int status = 0;    // of the program
};

/// A file, whatever its format.
struct Subject {
  std::string description;
  std::string settings;
  PytorchRelease release = PytorchRelease::v2_15;
  Trace trace;
  std::optional<DeviceSize> device;  // as far as the file tells
  std::string device_from;           // how it tells
  std::function<CheckResult()> check;
};

PytorchRelease release_of(const ReplayOptions& options, PytorchRelease recorded) {
  return options.pytorch.empty() ? recorded : parse_release(options.pytorch);
}

/// The check of a log on the memory of a device, all of which it has back then.
LogCheck check_on(const OperationLog& log, Device& device) {
  const std::size_t before = device.memory().held();
  LogCheck check = check_operation_log(log, {}, &device.memory());
  device.expect_sound();
  if (const std::size_t after = device.memory().held(); after != before)
    throw DeviceError(fmt::format("{} of {} were in use before the check and {} after it",
                                  format_bytes(before), device.name(), format_bytes(after)));
  return check;
}

CheckResult check_log(const OperationLog& log, const std::string& take_from) {
  const auto real = take_from.empty() ? nullptr : open_device({.spec = take_from}).device;
  const LogCheck check = real ? check_on(log, *real) : check_operation_log(log);
  if (!check.difference) {
    return {fmt::format(
        "All {} operations agree: addresses, statistics, device calls, shortages and the "
        "final layout.\n{}",
        check.operations, real ? fmt::format("{} took and gave back the same memory.\n", real->name()) : "")};
  }
  const LogDifference& d = *check.difference;
  return {fmt::format("line {} differs: {}\n  recorded: {}\n  replayed: {}\n{}\n", d.line, d.what, d.recorded,
                      d.replayed, d.context),
          1};
}

Subject subject_of(OperationLog log, const std::string& take_from) {
  Subject subject;
  subject.settings = log.settings;
  subject.release = log.release;
  subject.trace = trace_of(log);
  subject.description = fmt::format("operation log of PyTorch {}, {} operations", release_name(log.release),
                                    log.operations.size());
  subject.device = DeviceSize{log.total_bytes, log.used_before};
  subject.device_from = "its header";
  subject.check = [log = std::move(log), take_from] { return check_log(log, take_from); };
  return subject;
}

CheckResult check_recording(const Recording& recording, const ReenactOptions& options) {
  const Reenactment result = reenact(recording, options);
  std::string text;
  if (result.blocks_before > 0) {
    text =
        fmt::format("{} blocks were live before the first event; they were rebuilt from the final layout.\n",
                    result.blocks_before);
  }
  if (result.difference) return {text + describe_difference(*result.difference), 1};
  text += fmt::format(
      "All {} events agree, and the final layout: addresses, segments, shortages.\n"
      "Peak allocated {}, peak reserved {}.\n",
      result.events, format_bytes(static_cast<std::size_t>(result.statistics.allocated_bytes.all.peak)),
      format_bytes(static_cast<std::size_t>(result.statistics.reserved_bytes.all.peak)));
  return {text};
}

AllocatorSettings recorded_settings(const Recording& recording, PytorchRelease release,
                                    const std::string& file) {
  try {
    return parse_settings(recording.settings, release);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{} was recorded under settings that PyTorch {} refuses: {}", file,
                                 release_name(release), error.what()));
  }
}

Subject subject_of(Recording recording, const ReplayOptions& options) {
  const PytorchRelease release = release_of(options, recording.release);
  const AllocatorSettings settings = recorded_settings(recording, release, options.file);
  const std::optional<std::size_t> capacity = options.capacity ? options.capacity : capacity_of(recording);
  Subject subject;
  subject.settings = recording.settings;
  subject.release = release;
  const ReenactOptions reenact_options{release, recording.settings, capacity, {}};
  std::vector<std::size_t> flushes;  // an allocator log has none to be told apart
  if (recording.segments) flushes = reenact(recording, reenact_options).flushes;
  subject.trace = trace_of(recording, settings, flushes);
  subject.description = fmt::format("{}, {} events, {} requests", recording.source, recording.events.size(),
                                    subject.trace.blocks);
  if (recording.left_out > 0) {
    subject.description +=
        fmt::format(" ({} of other devices or private pools left out)", recording.left_out);
  }
  if (capacity) subject.device = DeviceSize{*capacity, 0};
  subject.device_from = "its out-of-memory event";
  subject.check = [recording = std::move(recording), reenact_options] {
    return check_recording(recording, reenact_options);
  };
  return subject;
}

Subject open_subject(const ReplayOptions& options) {
  if (!is_operation_log(options.file)) {
    if (!options.take_from.empty()) {
      throw UsageError("--take-from follows an operation log, and this is none; leave it out");
    }
    return subject_of(read_recording(options.file, {.device = options.device}), options);
  }
  if (!options.pytorch.empty()) {
    throw UsageError("an operation log names its own release; leave --pytorch out");
  }
  return subject_of(read_operation_log(options.file), options.take_from);
}

/// What the trace is run on, and in words.
std::pair<DeviceSize, std::string> chosen_device(const ReplayOptions& options, const Subject& subject) {
  if (options.capacity) return {{*options.capacity, 0}, format_bytes(*options.capacity)};
  if (!options.gpu.empty()) {
    const Profile& profile = find_profile(options.gpu);
    return {{profile.memory_bytes, profile.context_bytes},
            fmt::format("{} with {}, {} of them for the context", profile.name,
                        format_bytes(profile.memory_bytes), format_bytes(profile.context_bytes))};
  }
  if (subject.device) {
    return {*subject.device,
            fmt::format("{} ({})", format_bytes(subject.device->total), subject.device_from)};
  }
  return {{kUnlimitedMemory, 0},
          "unlimited memory, since the file does not tell the device's; see --capacity and --gpu"};
}

std::vector<std::string> chosen_settings(const ReplayOptions& options, const Subject& subject) {
  std::vector<std::string> settings = options.alloc_confs;
  if (options.search || settings.empty()) settings.insert(settings.begin(), subject.settings);
  if (options.search) {
    for (std::string& sensible : sensible_settings()) settings.push_back(std::move(sensible));
  }
  std::vector<std::string> once;
  for (std::string& text : settings) {
    if (std::find(once.begin(), once.end(), text) == once.end()) once.push_back(std::move(text));
  }
  return once;
}

std::size_t largest_fit_of(const Subject& subject, const WhatIf& tried, DeviceSize device) {
  const AllocatorSettings settings = parse_settings(tried.settings, subject.release);
  return largest_fit(subject.trace, tried.result.failure->operation,
                     [&] { return fresh_allocator(settings, subject.release, device); });
}

/// Settings under which all is the same are named together.
void print_shortages(const Subject& subject, std::span<const WhatIf> tried, DeviceSize device) {
  std::vector<std::pair<std::string, std::string>> shortages;  // settings, what is said of them
  for (const WhatIf& w : tried) {
    if (!w.result.failure) continue;
    const std::string text = shortage_in_trace(subject.trace, w, largest_fit_of(subject, w, device));
    const std::string name = w.settings.empty() ? "default" : w.settings;
    const auto same =
        std::find_if(shortages.begin(), shortages.end(), [&](auto& s) { return s.second == text; });
    if (same == shortages.end()) {
      shortages.emplace_back(name, text);
    } else {
      same->first += "; " + name;
    }
  }
  for (const auto& [settings, text] : shortages) fmt::print("\nUnder {}:\n{}", settings, text);
  if (shortages.empty()) fmt::print("\nNothing runs out of memory: every request is served.\n");
}

}  // namespace

int replay(const ReplayOptions& options) {
  if (options.file.empty()) throw UsageError("say what to replay, as in memsweep replay snapshot.pickle");
  if (options.format != "table" && options.format != "csv") {
    throw UsageError(fmt::format("--format: '{}' is neither table nor csv", options.format));
  }
  if (options.check && (options.search || options.largest || !options.alloc_confs.empty())) {
    throw UsageError("--check replays what was recorded; leave --search, --largest and --alloc-conf out");
  }
  if (!options.take_from.empty() && !options.check) {
    throw UsageError("--take-from goes with --check: add it");
  }
  const Subject subject = open_subject(options);
  if (options.check) {
    const CheckResult result = subject.check();
    fmt::print("{}: {}\n{}", options.file, subject.description, result.text);
    return result.status;
  }
  if (subject.trace.blocks == 0) {
    throw UsageError(fmt::format("{} holds no request for memory: there is nothing to replay", options.file));
  }
  const auto [device, device_in_words] = chosen_device(options, subject);
  const Progress progress(options.quiet);
  std::vector<WhatIf> tried;
  for (const std::string& settings : chosen_settings(options, subject)) {
    progress.show(fmt::format("replay  {}", settings.empty() ? "default" : settings));
    tried.push_back(what_if(subject.trace, settings, subject.release, device));
  }
  progress.clear();
  const std::string advice = options.search ? recommend(tried) : "";
  std::stable_sort(tried.begin(), tried.end(), better);
  if (options.format == "csv") {
    fmt::print("{}", replay_csv(tried));
    return 0;
  }
  fmt::print("{}: {}; allocator of PyTorch {}, {}\n\n{}", options.file, subject.description,
             release_name(subject.release), device_in_words, replay_table(tried));
  if (options.largest) print_shortages(subject, tried, device);
  if (!advice.empty()) fmt::print("\n{}\n", advice);
  return 0;
}

}  // namespace memsweep
