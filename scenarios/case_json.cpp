// Cases as JSON: the fields that tests/golden/pytorch/models.py reads.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/errors.h"
#include "harness/base/nearest.h"
#include "scenarios/case.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(std::string_view field, const Json& value, std::string_view rule) {
  throw UsageError(fmt::format("case field {} is {}; it must be {}", field, value.dump(), rule));
}

/// The fields of one JSON object, each read once; what is left at the end is not known.
class Fields {
 public:
  Fields(const Json& object, std::string_view what) : object_(object), what_(what) {
    if (!object.is_object())
      throw UsageError(fmt::format("{} must be a JSON object, not {}", what, object.dump()));
  }

  [[nodiscard]] bool has(const char* name) {
    known_.emplace_back(name);
    const auto found = object_.find(name);
    return found != object_.end() && !found->is_null();
  }

  template <typename Value>
  [[nodiscard]] Value get(const char* name, Value otherwise) {
    return has(name) ? convert<Value>(name) : otherwise;
  }

  template <typename Value>
  [[nodiscard]] Value get(const char* name) {
    if (!has(name)) throw UsageError(fmt::format("{} lacks its field {}", what_, name));
    return convert<Value>(name);
  }

  [[nodiscard]] const Json& at(const char* name) { return object_.at(name); }

  /// Throws for a field that nobody asked for.
  void expect_no_others() const {
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      throw UsageError(unknown(fmt::format("field of {}", what_), name, known_));
    }
  }

 private:
  template <typename Value>
  [[nodiscard]] Value convert(const char* name) const {
    try {
      return object_.at(name).get<Value>();
    } catch (const Json::exception&) {
      refuse(name, object_.at(name), "of another type");
    }
  }

  const Json& object_;
  std::string_view what_;
  std::vector<std::string_view> known_;
};

std::string gpt_spec(Fields& fields) {
  const auto number = [&fields](const char* name) { return fields.get<std::int64_t>(name); };
  return fmt::format("gpt:layers={},width={},heads={},context={},vocab={},attention={},tied={}",
                     number("depth"), number("width"), number("heads"), number("context"), number("vocab"),
                     fields.get<std::string>("attention", "unfused"), fields.get<bool>("tied", false));
}

ModelOptions read_model(const Json& json) {
  ModelOptions options;
  Fields fields(json, "a case's model");
  options.spec = fields.get<std::string>("spec", "");
  const auto kind = options.spec.empty() ? fields.get<std::string>("kind") : "";
  if (kind.empty()) {
    // the command line's own way to write it
  } else if (kind == "chain") {
    options.spec = fmt::format("mlp:{}x{}-{}", fields.get<std::int64_t>("width"),
                               fields.get<std::int64_t>("depth") + 1, fields.get<std::int64_t>("classes"));
  } else if (kind == "mlp") {
    options.spec =
        fmt::format("sequential:{}", fmt::join(fields.get<std::vector<std::int64_t>>("widths"), "-"));
  } else if (kind == "gpt") {
    options.spec = gpt_spec(fields);
  } else if (kind == "conv") {
    options.spec = fmt::format("conv:channels={},classes={},size={}",
                               fmt::join(fields.get<std::vector<std::int64_t>>("channels"), "-"),
                               fields.get<std::int64_t>("classes"), fields.get<std::int64_t>("size"));
  } else {
    throw UsageError(fmt::format("model {} is not there", kind));
  }
  options.activation = fields.get<std::string>("act", "");
  const bool layers = kind == "mlp" || kind == "chain";
  if (layers && options.activation.empty()) options.activation = "identity";
  options.dropout = fields.get<double>("dropout", 0);
  options.bias = fields.get<bool>("bias", true);
  const auto norm = fields.get<std::string>("norm", "");
  options.layer_norm = norm == "layernorm";
  options.batch_norm = norm == "batchnorm";
  if (!norm.empty() && !options.layer_norm && !options.batch_norm)
    refuse("norm", norm, "layernorm or batchnorm");
  fields.expect_no_others();
  return options;
}

/// "key=value" of an argument of torch.optim's, as `--optimizer` takes it; pairs are two options there.
std::vector<std::string> optimizer_option(const std::string& key, const Json& value) {
  const auto pair = [&value](std::string_view first, std::string_view second) {
    std::vector<std::string> options;
    if (!value.at(0).is_null()) options.push_back(fmt::format("{}={}", first, value[0].dump()));
    if (!value.at(1).is_null()) options.push_back(fmt::format("{}={}", second, value[1].dump()));
    return options;
  };
  if (key == "betas") return pair("beta1", "beta2");
  if (key == "eps" && value.is_array()) return pair("eps1", "eps2");
  if (key == "foreach") return {value.get<bool>() ? "implementation=foreach" : "implementation=for-loop"};
  if (key == "fused")
    return value.get<bool>() ? std::vector<std::string>{"implementation=fused"} : std::vector<std::string>{};
  return {fmt::format("{}={}", key, value.dump())};
}

std::string optimizer_text(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  std::vector<std::string> options;
  for (const auto& [key, value] : json.items()) {
    if (key == "name" || value.is_null()) continue;
    try {
      const auto more = optimizer_option(key, value);
      options.insert(options.end(), more.begin(), more.end());
    } catch (const Json::exception&) {
      refuse("optimizer " + key, value, "of another type");
    }
  }
  const auto name = Fields(json, "a case's optimizer").get<std::string>("name");
  return options.empty() ? name : fmt::format("{}:{}", name, fmt::join(options, ","));
}

std::string read_policy(Fields& fields) {
  if (fields.has("policy")) return fields.get<std::string>("policy");
  const auto kind = fields.get<std::string>("kind");
  if (kind == "each") return "every:1";
  if (kind == "selective") return "selective";
  if (kind == "sequential") return fmt::format("segments:{}", fields.get<std::int64_t>("segments"));
  throw UsageError(fmt::format("checkpoint {} is not there", kind));
}

void read_checkpoint(const Json& json, TrainingOptions& training) {
  if (json.is_string()) {
    training.recompute = {json.get<std::string>()};
    return;
  }
  Fields fields(json, "a case's checkpoint");
  training.recompute = {read_policy(fields)};
  training.reentrant = fields.get<bool>("reentrant", false);
  fields.expect_no_others();
}

ClipOptions read_clip(const Json& json) {
  Fields fields(json, "a case's clip");
  ClipOptions options;
  options.max_norm = fields.get<double>("max_norm");
  if (!fields.get<bool>("foreach", true)) options.kernels = NormKernels::for_loop;
  fields.expect_no_others();
  return options;
}

int read_capability(const std::string& text) {
  if (text.size() == 3 && text[1] == '.') return 10 * (text[0] - '0') + (text[2] - '0');
  refuse("compute_capability", text, "written as in 9.0");
}

CaseSearch read_search(Fields& fields) {
  const auto kind = fields.get<std::string>("search");
  CaseSearch search;
  if (kind == "batch") {
    search.start = fields.get<std::int64_t>("start");
    if (search.start < 1) refuse("start", search.start, "at least 1");
    return search;
  }
  if (kind != "scan") refuse("search", kind, "batch or scan");
  const auto range = fields.get<std::vector<std::int64_t>>("range");
  if (range.size() != 3 || range[0] < 1 || range[2] < 1) refuse("range", range, "first, last and stride");
  search.first = range[0];
  search.last = range[1];
  search.stride = range[2];
  return search;
}

void read_training(Fields& fields, TrainingOptions& training) {
  if (!fields.has("model")) throw UsageError("a case lacks its field model");
  training.model = read_model(fields.at("model"));
  training.precision.name = fields.get<std::string>("precision", "fp32");
  training.precision.cast_cache = fields.get<bool>("cast_cache", true);
  training.precision.wide_loss = fields.get<bool>("fp32_loss", false);
  training.optimizer = fields.has("optimizer") ? optimizer_text(fields.at("optimizer")) : "none";
  if (fields.has("checkpoint")) read_checkpoint(fields.at("checkpoint"), training);
  LoopOptions& loop = training.loop;
  loop.mode = parse_mode(fields.get<std::string>("mode", "train"));
  loop.variables = parse_variables(fields.get<std::string>("loop", "standard"));
  loop.micro_batches = fields.get<int>("accumulate", 1);
  if (loop.micro_batches < 1) refuse("accumulate", loop.micro_batches, "at least 1");
  loop.set_to_none = fields.get<bool>("set_to_none", true);
  loop.offload = fields.get<bool>("offload", false);
  loop.fuse = fields.get<bool>("fuse", false);
  loop.input_requires_grad = fields.get<bool>("input_requires_grad", false);
  const bool chain = fields.at("model").value("kind", "") == "chain";
  if (training.reentrant && chain && !loop.input_requires_grad)
    throw UsageError(
        "reentrant checkpointing trains nothing in its first segment without input_requires_grad");
  if (fields.has("clip")) loop.clip = read_clip(fields.at("clip"));
}

}  // namespace

Case read_case(const nlohmann::json& json) {
  Fields fields(json, "a case");
  Case one;
  one.id = fields.get<std::string>("id");
  read_training(fields, one.training);
  one.scaler = fields.get<bool>("scaler", false);
  if (fields.has("search")) one.search = read_search(fields);
  one.batch = fields.get<std::int64_t>("batch");
  one.batches = fields.get<std::vector<std::int64_t>>("batches", {});
  if (one.batch < 1 && !one.search && one.batches.empty()) refuse("batch", one.batch, "at least 1");
  one.lengths = fields.get<std::vector<std::int64_t>>("lengths", {});
  one.steps = fields.get<std::int64_t>("steps", one.steps);
  one.alloc_conf = fields.get<std::string>("alloc_conf", "");
  one.compute_capability = read_capability(fields.get<std::string>("compute_capability", "9.0"));
  one.capacity = fields.get<std::size_t>("capacity", one.capacity);
  static_cast<void>(fields.has("events"));
  fields.expect_no_others();
  return one;
}

nlohmann::ordered_json case_json(const Case& one) {
  const TrainingOptions& training = one.training;
  const LoopOptions& loop = training.loop;
  nlohmann::ordered_json json;
  json["id"] = one.id;
  json["model"] = {{"spec", training.model.spec},
                   {"act", training.model.activation},
                   {"dropout", training.model.dropout},
                   {"norm", training.model.layer_norm   ? "layernorm"
                            : training.model.batch_norm ? "batchnorm"
                                                        : ""},
                   {"bias", training.model.bias}};
  json["batch"] = one.batch;
  json["precision"] = training.precision.name;
  json["cast_cache"] = training.precision.cast_cache;
  json["fp32_loss"] = training.precision.wide_loss;
  json["scaler"] = one.scaler;
  json["optimizer"] = training.optimizer;
  if (training.reentrant) {
    json["checkpoint"] = {{"policy", training.recompute.front()}, {"reentrant", true}};
  } else if (!training.recompute.empty()) {
    json["checkpoint"] = training.recompute.front();
  }
  json["mode"] = name_of(loop.mode);
  json["loop"] = name_of(loop.variables);
  json["accumulate"] = loop.micro_batches;
  json["set_to_none"] = loop.set_to_none;
  json["offload"] = loop.offload;
  json["fuse"] = loop.fuse;
  json["input_requires_grad"] = loop.input_requires_grad;
  if (loop.clip) json["clip"] = {{"max_norm", loop.clip->max_norm}};
  json["steps"] = one.steps;
  json["alloc_conf"] = one.alloc_conf;
  return json;
}

}  // namespace memsweep
