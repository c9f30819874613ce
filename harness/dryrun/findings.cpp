#include "harness/dryrun/findings.h"

#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/errors.h"
#include "harness/base/parse.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

Usage usage_of(const Json& json) { return {json.at("requested"), json.at("allocated"), json.at("reserved")}; }

std::optional<Place> place_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Place{json.at("function"), json.at("file"), json.at("line")};
}

CudnnFindings cudnn_findings(const Json& json) {
  return {json.at("version"), json.at("refusal"), json.at("asked_plans"), json.at("assumed_plans"),
          json.at("compared")};
}

StandinFindings standin_findings(const Json& json) {
  StandinFindings findings;
  for (const Json& device : json.at("devices")) {
    findings.devices.push_back({device.at("capacity"), device.at("context"), device.at("used"),
                                device.at("peak"), device.at("refusals")});
  }
  for (const Json& function : json.at("unsupported")) {
    findings.unsupported.emplace_back(function.at("symbol"), function.at("count"));
  }
  for (const Json& sizes : json.at("estimates")) {
    findings.assumed.push_back({sizes.at("symbol"), sizes.at("count"), sizes.at("most_bytes")});
  }
  findings.cudnn = cudnn_findings(json.at("cudnn"));
  const Json& blind = json.at("blind_reads");
  findings.blind_reads = blind.at("count");
  if (!blind.at("first").empty()) findings.first_blind_read = blind.at("first").front().at("after");
  findings.shadow_reads = json.at("shadow_reads");
  findings.truths_by_rule = json.at("truths_by_rule");
  findings.counts_by_rule = json.at("counts_by_rule");
  findings.density = json.at("density");
  json.at("own_runtimes").get_to(findings.own_runtimes);
  return findings;
}

PytorchDevice pytorch_device(const Json& json) {
  return {.index = json.at("index"),
          .peak = usage_of(json.at("peak")),
          .now = usage_of(json.at("now")),
          .used = json.at("used"),
          .retries = json.at("retries"),
          .calls = json.at("calls")};
}

PhaseStart phase_start(const Json& json) {
  PhaseStart start;
  json.at("calls").get_to(start.calls);
  json.at("phase").get_to(start.phase);
  json.at("step").get_to(start.step);
  return start;
}

OwnerSample owner_sample(const Json& json) {
  OwnerSample sample;
  json.at("calls").get_to(sample.calls);
  for (const auto& [category, ranges] : json.at("ranges").items()) {
    for (const Json& range : ranges) sample.ranges[category].push_back({range.at(0), range.at(1)});
  }
  return sample;
}

PytorchFindings pytorch_findings(const Json& json) {
  PytorchFindings findings;
  findings.version = json.at("version");
  findings.ended = json.at("ended");
  findings.used_cuda = json.at("used_cuda");
  findings.steps = json.at("steps");
  if (const Json& error = json.at("error"); !error.is_null()) {
    findings.error = PytorchError{error.at("type"), error.at("out_of_memory"), error.at("message"),
                                  place_of(error.at("place"))};
  }
  for (const auto& [what, place] : json.at("firsts").items()) findings.firsts[what] = place_of(place);
  if (!findings.used_cuda) return findings;
  for (const Json& device : json.at("devices")) findings.devices.push_back(pytorch_device(device));
  for (const Json& mark : json.at("marks")) findings.marks.push_back(phase_start(mark));
  for (const Json& sample : json.at("samples")) findings.samples.push_back(owner_sample(sample));
  for (const Json& shortage : json.at("shortages")) {
    findings.shortages.push_back({shortage.at("device"), shortage.at("requested"), shortage.at("phase"),
                                  shortage.at("step"), place_of(shortage.at("place"))});
  }
  return findings;
}

/// The process that "device-123.json" is of; none where the file is no such one.
std::optional<std::int64_t> pid_in(std::string_view name, std::string_view kind) {
  constexpr std::string_view kEnding = ".json";
  if (!name.starts_with(kind) || !name.ends_with(kEnding)) return std::nullopt;
  name.remove_prefix(kind.size());
  name.remove_suffix(kEnding.size());
  return parse_number<std::int64_t>(name);
}

template <typename Read>
auto read_file(const std::filesystem::path& file, Read read) {
  try {
    std::ifstream in(file);
    return read(Json::parse(in));
  } catch (const Json::exception& error) {
    throw UsageError(fmt::format("{} is no report of a dry run: {}", file.string(), error.what()));
  }
}

}  // namespace

std::string describe(const Place& place) {
  std::string file = place.file;
  const std::string here = std::filesystem::current_path().string() + "/";
  if (file.starts_with(here)) file.erase(0, here.size());
  return fmt::format("{}:{} ({})", file, place.line, place.function);
}

std::vector<ProcessFindings> read_findings(const std::filesystem::path& folder) {
  std::map<std::int64_t, ProcessFindings> processes;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (const auto pid = pid_in(name, "device-")) {
      processes[*pid].standin = read_file(entry.path(), standin_findings);
    } else if (const auto its_pid = pid_in(name, "pytorch-")) {
      processes[*its_pid].pytorch = read_file(entry.path(), pytorch_findings);
      processes[*its_pid].pytorch->snapshot = folder / fmt::format("snapshot-{}.pickle", *its_pid);
    }
  }
  std::vector<ProcessFindings> list;
  for (auto& [pid, process] : processes) {
    process.pid = pid;
    list.push_back(std::move(process));
  }
  return list;
}

}  // namespace memsweep
