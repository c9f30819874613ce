// Recorded trainings (tests/golden/training) as trainings on the cpu device.
#pragma once

#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/bytes.h"
#include "harness/memory/caching_allocator.h"
#include "harness/sweep/execution.h"
#include "kernels/half.h"
#include "scenarios/training_step.h"
#include "tests/golden.h"
#include "tests/json.h"

namespace memsweep::testing {

using Json = nlohmann::json;

struct Case {
  std::string id;
  Json spec;
};

/// Every case in the lists of these names, of every file.
inline std::vector<Case> cases_in(std::initializer_list<const char*> lists) {
  std::vector<Case> list;
  for (const auto& entry : std::filesystem::directory_iterator(golden_root() / "training")) {
    if (entry.path().extension() != ".json") continue;
    const Json file = read_json(entry.path());
    for (const char* name : lists) {
      for (const Json& spec : file.value(name, Json::array())) {
        list.push_back({file.at("part").get<std::string>() + "_" + spec.at("name").get<std::string>(), spec});
      }
    }
  }
  return list;
}

/// "key=value," of an option of torch.optim's; pairs are two options here.
inline std::string optimizer_option(const std::string& key, const Json& value) {
  const auto pair = [&value](std::string_view first, std::string_view second) {
    return fmt::format("{}={},{}={},", first, value[0].dump(), second, value[1].dump());
  };
  if (key == "betas") return pair("beta1", "beta2");
  if (key == "eps" && value.is_array()) return pair("eps1", "eps2");
  return fmt::format("{}={},", key, value.dump());
}

inline std::string dashed(const Json& numbers) {
  std::string text;
  for (std::int64_t number : numbers) text += fmt::format("{}{}", text.empty() ? "" : "-", number);
  return text;
}

inline std::string model_spec(const Json& model) {
  const auto kind = model.at("kind").get<std::string>();
  const auto number = [&model](const char* name) { return model.at(name).get<std::int64_t>(); };
  if (kind == "transformer") {
    return fmt::format("gpt:layers={},width={},heads={},context={},vocab={},tied={}", number("layers"),
                       number("hidden"), number("heads"), number("context"), number("vocab"),
                       model.at("tied").get<bool>());
  }
  if (kind == "convnet") {
    return fmt::format("conv:channels={},classes={},size={}x{},momentum={}", dashed(model.at("channels")),
                       number("classes"), model.at("image")[0].get<int>(), model.at("image")[1].get<int>(),
                       model.at("bn_momentum").get<double>());
  }
  return "mlp:" + dashed(model.at("widths"));
}

/// What a case trains, and how.
inline TrainingOptions training_options(const Json& spec) {
  const Json& model = spec.at("model");
  TrainingOptions options;
  options.model.spec = model_spec(model);
  const auto activation = model.value("activation", "");
  options.model.activation = activation == "gelu_erf" ? "gelu" : activation;
  options.model.layer_norm = model.value("layernorm", false);
  options.model.bias = model.value("bias", model.at("kind") != "convnet");
  options.model.dropout = model.value("dropout", 0.0);
  options.model.gain = model.at("gain").get<double>();
  options.randomness = {spec.at("seed").get<std::uint32_t>(), spec.value("batches", 1)};
  if (!spec.contains("optimizer")) return options;

  options.optimizer = spec.at("optimizer").at("name").get<std::string>() + ":weight_decay=0,";
  for (const auto& [key, value] : spec.at("optimizer").items()) {
    if (key == "name") continue;
    options.optimizer += optimizer_option(key, value);
  }
  options.optimizer.pop_back();
  return options;
}

/// A case that runs on the cpu device, and its numbers.
class Run {
 protected:
  Run(const Json& spec, Program program)
      : spec_(spec),
        device_(make_cpu(64_MiB)),
        allocator_(device_->memory()),
        schedule_(std::move(program)),
        execution_(*device_, allocator_, {}) {}

  [[nodiscard]] const Json& truth() const { return spec_.at("truth"); }
  [[nodiscard]] const Program& program() const { return schedule_.program; }
  [[nodiscard]] double tolerance(const std::string& name) const {
    return spec_.at("tolerance").at(name).get<double>();
  }

  std::vector<float> read(BufferId id) {
    const TensorType& type = program().type(id);
    if (type.dtype != DType::f32) return read_halves(id, type.dtype == DType::f16 ? f32_of_f16 : f32_of_bf16);
    std::vector<float> values(static_cast<std::size_t>(type.shape.elements()));
    device_->read(execution_.address(id), values.data(), type.bytes());
    return values;
  }

  template <typename Choose>
  void check_tensors(const std::string& what, const Json& recorded, Choose choose) {
    ASSERT_EQ(recorded.size(), program().parameters.size());
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      const Parameter& parameter = program().parameters[i];
      EXPECT_EQ(recorded[i].at("name"), program().buffers[parameter.weight].name);
      check_tensor(what, recorded[i], read(choose(parameter)));
    }
  }

  void check_tensor(const std::string& what, const Json& recorded, const std::vector<float>& values) {
    const std::string where = what + " " + recorded.value("name", "");
    double sum = 0, squares = 0;
    for (float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double l2 = recorded.at("l2").get<double>();
    const double allowed = tolerance(what) * l2;
    EXPECT_NEAR(std::sqrt(squares), l2, allowed) << where;
    EXPECT_NEAR(sum, recorded.at("sum").get<double>(),
                allowed * std::sqrt(static_cast<double>(values.size())))
        << where;
    if (!recorded.contains("at")) return;
    for (std::size_t j = 0; j < recorded.at("at").size(); ++j) {
      const auto at = recorded.at("at")[j].get<std::size_t>();
      EXPECT_NEAR(values.at(at), recorded.at("value")[j].get<double>(), allowed) << where << " at " << at;
    }
  }

  const Json& spec_;
  std::unique_ptr<Device> device_;
  CachingAllocator allocator_;
  Schedule schedule_;
  Execution execution_;

 private:
  std::vector<float> read_halves(BufferId id, float (*widen)(std::uint16_t)) {
    std::vector<std::uint16_t> halves(static_cast<std::size_t>(program().type(id).shape.elements()));
    device_->read(execution_.address(id), halves.data(), program().type(id).bytes());
    std::vector<float> values;
    for (const std::uint16_t half : halves) values.push_back(widen(half));
    return values;
  }
};

}  // namespace memsweep::testing
