// Eager PyTorch's training steps, recorded, against the same steps here on a simulated device: every level
// of memory after every phase of every step, and where memory ran out.

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/device/device.h"
#include "harness/memory/make_allocator.h"
#include "harness/program/passes/recompute.h"
#include "harness/program/passes/variables.h"
#include "harness/sweep/execution.h"
#include "scenarios/training_step.h"
#include "tests/golden.h"

namespace memsweep {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// A recorded run: a line of results.jsonl, or a side of a line of boundaries.jsonl.
struct Recording {
  std::string id;
  PytorchRelease release;
  Json run;

  [[nodiscard]] const Json& spec() const { return run.at("case"); }
};

/// The release of a folder: 2.11 in the root, others in folders of their name.
std::vector<std::pair<fs::path, PytorchRelease>> folders() {
  const fs::path root = testing::golden_root() / "pytorch";
  std::vector<std::pair<fs::path, PytorchRelease>> list{{root, PytorchRelease::v2_11}};
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory())
      list.emplace_back(entry.path(), parse_release(entry.path().filename().string()));
  }
  return list;
}

template <typename Visit>
void for_each_line(const fs::path& file, Visit visit) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) visit(Json::parse(line));
  }
}

std::vector<Recording> recordings() {
  std::vector<Recording> list;
  for (const auto& [folder, release] : folders()) {
    const auto add = [&, r = release](const Json& run, std::string_view suffix) {
      list.push_back(
          {fmt::format("{}{}_{}", run.at("case").at("id").get<std::string>(), suffix, release_name(r)), r,
           run});
    };
    for_each_line(folder / "results.jsonl", [&](const Json& run) { add(run, ""); });
    for_each_line(folder / "boundaries.jsonl", [&](const Json& line) {
      if (line.contains("fits")) add(line.at("fits"), "-fits");
      if (line.contains("fails")) add(line.at("fails"), "-fails");
    });
  }
  return list;
}

template <typename Value>
Value field(const Json& object, const char* name, Value otherwise) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? otherwise : found->get<Value>();
}

/// Why a recording is none of an fp32 model trained plainly with an optimizer that is here; empty if it is.
std::string outside(const Json& spec) {
  const Json& model = spec.at("model");
  const auto kind = model.at("kind").get<std::string>();
  if (spec.at("precision") != "fp32") return "precision " + spec.at("precision").get<std::string>();
  if (field<std::string>(model, "norm", "") == "batchnorm") return "batch norm";
  if (spec.at("optimizer").is_null()) return "no optimizer";
  const auto optimizer = spec.at("optimizer").at("name").get<std::string>();
  if (optimizer != "sgd" && optimizer != "adamw") return "optimizer " + optimizer;
  for (const auto& [key, value] : spec.at("optimizer").items()) {
    if (key == "capturable" || key == "maximize" || key == "differentiable") return "optimizer option " + key;
  }
  const auto mode = field<std::string>(spec, "mode", "train");
  if (mode != "train" && mode != "leak_trained") return "mode " + mode;
  if (mode == "leak_trained" && field(spec, "accumulate", 1) != 1)
    return "a list of the last micro-batches' losses";
  if (spec.contains("scaler") && !spec.at("scaler").is_null()) return "loss scaling";
  if (field(spec, "input_requires_grad", false)) return "an input that requires a gradient";
  if (spec.contains("checkpoint") && !spec.at("checkpoint").is_null()) {
    const Json& plan = spec.at("checkpoint");
    if (plan.at("kind") == "selective") return "selective checkpointing";
    if (plan.at("reentrant").get<bool>()) return "reentrant checkpointing";
  }
  return "";
}

std::string activation(const Json& model) {
  const auto name = field<std::string>(model, "act", "identity");
  return name.empty() ? "identity" : name;
}

std::string dashed(const Json& numbers) {
  std::string text;
  for (std::int64_t number : numbers) text += fmt::format("{}{}", text.empty() ? "" : "-", number);
  return text;
}

/// The value of a step, from 1, of a list that is gone through in turn.
std::optional<std::int64_t> in_turn(const Json& spec, const char* list, std::int64_t step) {
  if (!spec.contains(list) || spec.at(list).is_null()) return std::nullopt;
  const Json& values = spec.at(list);
  return values[static_cast<std::size_t>(step - 1) % values.size()].get<std::int64_t>();
}

std::string model_spec(const Json& spec, std::int64_t step) {
  const Json& model = spec.at("model");
  const auto number = [&model](const char* name) { return model.at(name).get<std::int64_t>(); };
  const auto kind = model.at("kind").get<std::string>();
  if (kind == "chain")
    return fmt::format("mlp:{}x{}-{}", number("width"), number("depth") + 1, number("classes"));
  if (kind == "conv") {
    return fmt::format("conv:channels={},classes={},size={}", dashed(model.at("channels")), number("classes"),
                       number("size"));
  }
  if (kind == "gpt") {
    return fmt::format("gpt:layers={},width={},heads={},context={},length={},vocab={},attention={},tied={}",
                       number("depth"), number("width"), number("heads"), number("context"),
                       in_turn(spec, "lengths", step).value_or(number("context")), number("vocab"),
                       field<std::string>(model, "attention", "unfused"), field(model, "tied", false));
  }
  return "mlp:" + dashed(model.at("widths"));
}

ModelOptions model_options(const Json& spec, std::int64_t step, PytorchRelease release) {
  const Json& model = spec.at("model");
  const auto kind = model.at("kind").get<std::string>();
  ModelOptions options;
  options.spec = model_spec(spec, step);
  if (kind == "mlp" || kind == "chain") options.activation = activation(model);
  options.dropout = field(model, "dropout", 0.0);
  options.layer_norm = field<std::string>(model, "norm", "") == "layernorm";
  options.bias = field(model, "bias", true);
  options.release = release;
  return options;
}

std::string optimizer_options(const Json& spec) {
  const Json& optimizer = spec.at("optimizer");
  std::string text = optimizer.at("name").get<std::string>() + ":";
  for (const auto& [key, value] : optimizer.items()) {
    if (key == "name" || key == "foreach" || key == "fused") continue;
    if (key == "betas") {
      text += fmt::format("beta1={},beta2={},", value[0].get<double>(), value[1].get<double>());
    } else {
      text += fmt::format("{}={},", key, value.dump());
    }
  }
  if (!field(optimizer, "foreach", true)) text += "implementation=for-loop,";
  if (field(optimizer, "fused", false)) text += "implementation=fused,";
  text.pop_back();
  return text;
}

std::string recompute_policy(const Json& spec) {
  if (!spec.contains("checkpoint") || spec.at("checkpoint").is_null()) return "none";
  const Json& plan = spec.at("checkpoint");
  return plan.at("kind") == "each" ? "every:1" : fmt::format("segments:{}", plan.at("segments").get<int>());
}

std::optional<ClipOptions> clip_options(const Json& spec, PytorchRelease release) {
  if (!spec.contains("clip") || spec.at("clip").is_null()) return std::nullopt;
  const Json& clip = spec.at("clip");
  ClipOptions options;
  options.max_norm = clip.at("max_norm").get<double>();
  if (release != PytorchRelease::v2_15) options.kernels = NormKernels::foreach_padded;
  if (!field(clip, "foreach", true)) options.kernels = NormKernels::for_loop;
  return options;
}

/// The batch of each step, from 1.
std::int64_t batch_of(const Json& spec, std::int64_t step) {
  return in_turn(spec, "batches", step).value_or(spec.at("batch").get<std::int64_t>());
}

Schedule schedule_of(const Json& spec, std::int64_t number, PytorchRelease release) {
  TrainingOptions options;
  options.model = model_options(spec, number, release);
  options.optimizer = optimizer_options(spec);
  TrainingStep step = parse_training_step(options);
  step.recompute = recompute_policy(spec);
  step.micro_batches = field(spec, "accumulate", 1);
  step.keep_gradients = !field(spec, "set_to_none", true);
  step.clip = clip_options(spec, release);
  Program program = step(batch_of(spec, number));
  if (field<std::string>(spec, "mode", "train") == "leak_trained") program = list_losses(std::move(program));
  const auto loop = field<std::string>(spec, "loop", "standard");
  if (loop == "del") program = delete_variables(std::move(program));
  if (loop == "resident") program = keep_data_resident(std::move(program));
  verify(program);
  return Schedule(std::move(program));
}

/// Whether cudaMallocAsync served it. The recorded device gives it granules without a pool: what is live is
/// PyTorch's, and where memory runs out is not the driver's. Such a run is compared where there is room.
bool of_driver_pool(const Json& spec) {
  return field<std::string>(spec, "alloc_conf", "").find("cudaMallocAsync") != std::string::npos;
}

/// The device that PyTorch saw: nothing in use but its own.
Profile device_of(const Json& spec) {
  Profile profile = find_profile("h100-sxm-80gb");
  const auto capability = spec.at("compute_capability").get<std::string>();
  profile.compute_capability = 10 * (capability[0] - '0') + (capability[2] - '0');
  profile.multiprocessors = {capability == "8.0" ? 108 : 132, 2048};
  profile.memory_bytes = spec.at("capacity").get<std::size_t>() * (of_driver_pool(spec) ? 2 : 1);
  profile.context_bytes = 0;
  return profile;
}

/// Runs a case as tests/golden/pytorch/models.py does, writing rows as its README describes them.
class Rerun {
 public:
  Rerun(const Json& spec, PytorchRelease release)
      : spec_(spec),
        release_(release),
        device_(make_sim(device_of(spec))),
        settings_(parse_settings(field<std::string>(spec, "alloc_conf", ""), release)),
        allocator_(make_allocator(device_->memory(), settings_, release)),
        execution_(*device_, *allocator_,
                   library_workspaces(release, device_->profile().compute_capability)) {
    execution_.on_phase_end([this](std::int64_t step, Phase phase) {
      if (phase != Phase::setup) return end_phase(step, phase);
      add_row(step, "model");
      add_row(step, "optimizer");
    });
  }

  void run() {
    std::map<std::pair<std::int64_t, std::string>, Schedule> schedules;  // by batch and model
    const auto schedule = [&](std::int64_t step) -> const Schedule& {
      const std::pair key{batch_of(spec_, step), model_spec(spec_, step)};
      const auto known = schedules.find(key);
      return known != schedules.end()
                 ? known->second
                 : schedules.emplace(key, schedule_of(spec_, step, release_)).first->second;
    };
    try {
      execution_.set_up(schedule(1));
      const std::int64_t steps = field<std::int64_t>(spec_, "steps", 4);
      for (std::int64_t step = 1; step <= steps; ++step) execution_.step(schedule(step), step);
    } catch (const OutOfMemory& error) {
      message_ = error.message();
    }
  }

  [[nodiscard]] const Json& rows() const { return rows_; }
  [[nodiscard]] Backend backend() const { return settings_.backend; }
  [[nodiscard]] const std::optional<std::string>& message() const { return message_; }

 private:
  /// The phases that each micro-batch has carry its number, if there are several.
  void end_phase(std::int64_t step, Phase phase) {
    const int micro_batches = field(spec_, "accumulate", 1);
    const bool numbered = micro_batches > 1 && phase >= Phase::data && phase <= Phase::backward;
    add_row(step,
            numbered ? fmt::format("{}.{}", name_of(phase), micro_batch_) : std::string(name_of(phase)));
    if (phase == Phase::backward) micro_batch_ = (micro_batch_ + 1) % micro_batches;
  }

  void add_row(std::int64_t step, std::string_view phase) {
    const Statistics& s = allocator_->statistics();
    rows_.push_back({step, phase, s.allocated_bytes.all.current, s.allocated_bytes.all.peak,
                     s.reserved_bytes.all.current, s.reserved_bytes.all.peak, s.requested_bytes.all.current,
                     s.requested_bytes.all.peak, s.active_bytes.all.current, s.active_bytes.all.peak,
                     s.num_alloc_retries, s.allocation.all.allocated, s.segment.all.current});
    allocator_->reset_peaks();
  }

  const Json& spec_;
  PytorchRelease release_;
  std::unique_ptr<Device> device_;
  AllocatorSettings settings_;
  std::unique_ptr<Allocator> allocator_;
  Execution execution_;
  int micro_batch_ = 0;
  Json rows_ = Json::array();
  std::optional<std::string> message_;
};

/// The sizes that a message states, in its order.
std::vector<std::string> sizes(const std::string& message) {
  std::vector<std::string> list;
  std::istringstream words(message);
  for (std::string before, word; words >> word; before = word) {
    for (std::string_view unit : {"bytes", "KiB", "MiB", "GiB"}) {
      if (word.starts_with(unit)) list.push_back(fmt::format("{} {}", before, unit));
    }
  }
  return list;
}

constexpr std::array kColumns{
    "step",           "phase",  "allocated",   "peak allocated", "reserved",    "peak reserved", "requested",
    "peak requested", "active", "peak active", "alloc retries",  "allocations", "segments"};

/// The recorded device counted cudaMallocAsync in single bytes, and PyTorch counts no requested bytes there.
bool comparable(std::string_view column, Backend backend) {
  const bool pages = column.ends_with("reserved"), requested = column.ends_with("requested");
  return backend == Backend::native || !(pages || requested);
}

/// The first difference as a sentence; empty if there is none.
std::string first_difference(const Json& recorded, const Json& ours, Backend backend) {
  for (std::size_t i = 0; i < recorded.size() && i < ours.size(); ++i) {
    for (std::size_t c = 0; c < kColumns.size(); ++c) {
      if (recorded[i][c] == ours[i][c] || !comparable(kColumns[c], backend)) continue;
      return fmt::format("step {} {}: {} is {}, recorded {}", recorded[i][0].dump(), recorded[i][1].dump(),
                         kColumns[c], ours[i][c].dump(), recorded[i][c].dump());
    }
  }
  const bool beyond = backend != Backend::native && ours.size() > recorded.size();
  if (recorded.size() != ours.size() && !beyond)
    return fmt::format("{} rows, recorded {}", ours.size(), recorded.size());
  return "";
}

class PytorchTraining : public ::testing::TestWithParam<Recording> {};

TEST_P(PytorchTraining, TakesTheBytesThatPytorchTakes) {
  const Recording& recording = GetParam();
  Rerun rerun(recording.spec(), recording.release);
  rerun.run();
  EXPECT_EQ(first_difference(recording.run.at("rows"), rerun.rows(), rerun.backend()), "");
  if (rerun.backend() != Backend::native) return;  // where it runs out is the recorded device's own
  ASSERT_EQ(rerun.message().has_value(), recording.run.at("outcome") == "oom");
  if (rerun.message()) {
    EXPECT_FALSE(sizes(*rerun.message()).empty());
    EXPECT_EQ(sizes(*rerun.message()), sizes(recording.run.at("message")));
  }
}

std::vector<Recording> inside() {
  std::vector<Recording> list;
  for (Recording& recording : recordings()) {
    if (outside(recording.spec()).empty()) list.push_back(std::move(recording));
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Golden, PytorchTraining, ::testing::ValuesIn(inside()),
                         [](const auto& one) { return testing::test_name(one.param.id); });

TEST(PytorchGolden, SaysWhichRecordingsAreLeftOutAndWhy) {
  std::map<std::string, std::size_t> reasons;
  std::size_t compared = 0;
  for (const Recording& recording : recordings()) {
    const std::string reason = outside(recording.spec());
    ++(reason.empty() ? compared : reasons[reason]);
  }
  for (const auto& [reason, count] : reasons) fmt::print("left out: {} recordings: {}\n", count, reason);
  fmt::print("compared: {} recordings\n", compared);
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace memsweep
