#include "harness/report/dryrun_json.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "harness/report/dryrun_verdict.h"
#include "harness/report/repeated.h"

namespace memsweep {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<Place>& place) {
  if (!place) return nullptr;
  return {{"file", place->file}, {"line", place->line}, {"function", place->function}};
}

Json json_of(const Usage& usage) {
  return {{"requested", usage.requested}, {"allocated", usage.allocated}, {"reserved", usage.reserved}};
}

Json json_of(const std::vector<Share>& shares) {
  Json list = Json::array();
  for (const Share& share : shares) {
    list.push_back({{"what", share.what}, {"bytes", share.bytes}, {"blocks", share.blocks}});
  }
  return list;
}

Json phases_of(const History& history) {
  Json list = Json::array();
  for (const PhaseUsage& row : history.phases) {
    Json phase{{"first_step", row.first_step}, {"last_step", row.last_step}, {"phase", row.phase}};
    phase.update(json_of(row.peak));
    list.push_back(std::move(phase));
  }
  return list;
}

Json peak_of(const History& history) {
  Json peak{{"step", history.step}, {"phase", history.phase}, {"is_shortage", history.at_shortage}};
  peak.update(json_of(history.usage));
  peak["categories"] = json_of(history.categories);
  peak["lines"] = json_of(history.lines);
  return peak;
}

Json json_of(const Dryrun& dryrun, const DryrunPart& part) {
  Json peak = part.pytorch ? json_of(part.pytorch->peak)
                           : Json{{"requested", nullptr}, {"allocated", nullptr}, {"reserved", nullptr}};
  peak["device"] = device_peak(part);
  const auto smallest = smallest_device(dryrun, part);
  return {{"pid", part.pid},
          {"device", part.device},
          {"peak", std::move(peak)},
          {"retries", part.pytorch ? Json(part.pytorch->retries) : Json()},
          {"smallest_device", smallest ? Json(*smallest) : Json()},
          {"phases", part.history ? phases_of(*part.history) : Json()},
          {"at_peak", part.history ? peak_of(*part.history) : Json()},
          {"advice", part.advice}};
}

Json cudnn_of(const ProcessFindings& process) {
  const auto text = [](const std::string& words) { return words.empty() ? Json() : Json(words); };
  const CudnnFindings& cudnn = process.standin->cudnn;
  return {{"version", text(cudnn.version)},
          {"refusal", text(cudnn.refusal)},
          {"asked_plans", cudnn.asked_plans},
          {"assumed_plans", cudnn.assumed_plans},
          {"first_assumed", json_of(first_place(process, kAssumedPlan))},
          {"compared", cudnn.compared},
          {"first_compared", json_of(first_place(process, kComparedPlans))}};
}

Json json_of(const ProcessFindings& process) {
  Json json{{"pid", process.pid}, {"pytorch", nullptr}, {"steps", nullptr}};
  if (process.pytorch) {
    json["pytorch"] = process.pytorch->version;
    json["steps"] = process.pytorch->steps;
  }
  json["blind_reads"] = process.standin ? Json(process.standin->blind_reads) : Json();
  json["unsupported"] = Json::array();
  json["assumed"] = Json::array();
  json["doubtful_reads"] = Json::array();
  if (!process.standin) return json;
  const StandinFindings& standin = *process.standin;
  json["density"] = standin.density;
  json["own_runtimes"] = standin.own_runtimes;
  json["cudnn"] = cudnn_of(process);
  for (const auto& [kind, count] : {std::pair{kBlindRead, standin.blind_reads},
                                    {kShadowRead, standin.shadow_reads},
                                    {kTruthByRule, standin.truths_by_rule},
                                    {kCountByRule, standin.counts_by_rule}}) {
    if (count == 0) continue;
    json["doubtful_reads"].push_back(
        {{"kind", kind}, {"count", count}, {"first", json_of(first_place(process, kind))}});
  }
  for (const auto& [symbol, count] : standin.unsupported) {
    json["unsupported"].push_back(
        {{"symbol", symbol}, {"count", count}, {"first", json_of(first_place(process, symbol))}});
  }
  for (const AssumedSizes& sizes : standin.assumed) {
    json["assumed"].push_back({{"symbol", sizes.function},
                               {"count", sizes.count},
                               {"most_bytes", sizes.most_bytes},
                               {"first", json_of(first_place(process, sizes.function))}});
  }
  return json;
}

Json json_of(const PytorchError* error) {
  if (error == nullptr) return nullptr;
  return {{"type", error->type}, {"message", error->message}, {"place", json_of(error->place)}};
}

}  // namespace

std::string dryrun_json(const Dryrun& dryrun) {
  const PytorchError* shortage = out_of_memory(dryrun);
  Json json{{"command", dryrun.command},
            {"gpu", dryrun.gpu},
            {"capacity", dryrun.capacity},
            {"context", dryrun.context},
            {"status", dryrun.end.status},
            {"fits", shortage == nullptr},
            {"out_of_time", dryrun.end.out_of_time},
            {"interrupted", dryrun.end.interrupted},
            {"out_of_memory", json_of(shortage)},
            {"processes", Json::array()},
            {"devices", Json::array()}};
  for (const ProcessFindings& process : dryrun.processes) json["processes"].push_back(json_of(process));
  for (const DryrunPart& part : dryrun.parts) json["devices"].push_back(json_of(dryrun, part));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace memsweep
