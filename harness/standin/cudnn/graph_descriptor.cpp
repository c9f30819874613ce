#include "harness/standin/cudnn/graph_descriptor.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace memsweep::standin {
namespace {

enum AttributeName {
  kHeuristicGraph = 201,
  kHeuristicResults = 202,
  kConfigurationEngine = 300,
  kConfigurationKnobs = 302,
  kConfigurationWorkspace = 303,
  kConfigurationSharedMemory = 304,
  kPlanConfiguration = 401,
  kPlanWorkspace = 402,
  kPlanText = 405,
  kGraphEngineCount = 802,
  kEngineGraph = 1300,
  kEngineIndex = 1301,
  kEngineKnobs = 1302,
  kEngineNumericalNotes = 1303,
  kEngineBehaviorNotes = 1305
};

/// Of one element, in bytes.
std::size_t size_of(int type) {
  constexpr int kBoolean = 2, kDouble = 5, kPointer = 6, kFraction = 26;
  switch (type) {
    case kBoolean:
    case kCharacter: return 1;
    case kHandleType:
    case kInt64:
    case kDouble:
    case kPointer:
    case kDescriptorPointer: return 8;
    case kFraction: return 16;
    default: return 4;  // numbers and enumerations
  }
}

template <class Value>
GraphAttribute one(int type, Value value) {
  GraphAttribute made{type, 1, std::vector<std::byte>(sizeof(value))};
  std::memcpy(made.bytes.data(), &value, sizeof(value));
  return made;
}

GraphAttribute text(std::string_view characters) {
  const auto* const first = reinterpret_cast<const std::byte*>(characters.data());
  return {kCharacter, static_cast<std::int64_t>(characters.size()), {first, first + characters.size()}};
}

/// What the library would work out itself; nothing where it is no such attribute.
const GraphAttribute* computed_attribute(const DriverModel& model, int name) {
  const auto workspace = static_cast<std::int64_t>(model.settings.workspace);
  static thread_local GraphAttribute made;
  switch (name) {
    case kConfigurationWorkspace:
    case kPlanWorkspace: made = one(kInt64, workspace); return &made;
    case kConfigurationSharedMemory: made = one(kInt32, std::int32_t{0}); return &made;
    case kGraphEngineCount: made = one(kInt64, std::int64_t{1}); return &made;
    case kEngineIndex: made = one(kInt64, std::int64_t{0}); return &made;
    case kPlanText: made = text("{}"); return &made;
    case kConfigurationKnobs:
    case kEngineKnobs:
    case kEngineNumericalNotes:
    case kEngineBehaviorNotes: made = {kInt64, 0, {}}; return &made;
    default: return nullptr;
  }
}

cudnnStatus_t copy_out(const GraphAttribute& attribute, std::int64_t requested, std::int64_t* count,
                       void* elements) {
  if (count != nullptr) *count = attribute.count;
  if (elements == nullptr) return CUDNN_STATUS_SUCCESS;
  const std::int64_t given = std::min(requested, attribute.count);
  std::memcpy(elements, attribute.bytes.data(), static_cast<std::size_t>(given) * size_of(attribute.type));
  return CUDNN_STATUS_SUCCESS;
}

/// The descriptor that an attribute names; null where it names none that is there.
GraphDescriptor* named_descriptor(const DriverModel& model, const GraphDescriptor& descriptor, int name) {
  const auto found = descriptor.attributes.find(name);
  if (found == descriptor.attributes.end()) return nullptr;
  const GraphAttribute& attribute = found->second;
  if (attribute.type != kDescriptorPointer || attribute.count < 1) return nullptr;
  return descriptors_in(model, 1, attribute.bytes.data()).front();
}

}  // namespace

GraphDescriptor* find_graph_descriptor(const DriverModel& model, const void* handle) {
  if (!model.handles.holds(kGraphDescriptor, handle)) return nullptr;
  return static_cast<GraphDescriptor*>(const_cast<void*>(handle));
}

void keep_attribute(GraphDescriptor& descriptor, int name, int type, std::int64_t count,
                    const void* elements) {
  const auto* const first = static_cast<const std::byte*>(elements);
  const std::size_t bytes = static_cast<std::size_t>(count) * size_of(type);
  descriptor.attributes.insert_or_assign(name, GraphAttribute{type, count, {first, first + bytes}});
}

std::vector<GraphDescriptor*> descriptors_in(const DriverModel& model, std::int64_t count,
                                             const void* elements) {
  std::vector<void*> handles(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(handles.data(), elements, handles.size() * sizeof(void*));
  std::vector<GraphDescriptor*> found;
  for (void* const handle : handles) found.push_back(find_graph_descriptor(model, handle));
  return found;
}

bool hands_out(int name, int type) {
  return name == kHeuristicResults || (name == kConfigurationEngine && type == kDescriptorPointer);
}

void hand_out_graph(const DriverModel& model, const GraphDescriptor& from, std::int64_t count,
                    const void* elements) {
  const auto graph = from.attributes.find(from.kind == kHeuristics ? kHeuristicGraph : kEngineGraph);
  if (graph == from.attributes.end()) return;
  for (GraphDescriptor* const to : descriptors_in(model, count, elements)) {
    if (to != nullptr) to->attributes.insert_or_assign(kEngineGraph, graph->second);
  }
}

cudnnStatus_t accepted_attribute(DriverModel& model, const GraphDescriptor& descriptor, int name, int type,
                                 std::int64_t requested, std::int64_t* count, void* elements) {
  if (hands_out(name, type)) {
    if (count != nullptr) *count = 1;
    if (elements == nullptr || requested < 1) return CUDNN_STATUS_SUCCESS;
    GraphDescriptor* const to = descriptors_in(model, 1, elements).front();
    if (to == nullptr) return CUDNN_STATUS_BAD_PARAM;
    to->asked = false;  // there is nothing in the true one
    hand_out_graph(model, descriptor, 1, elements);
    return CUDNN_STATUS_SUCCESS;
  }
  if (const GraphAttribute* const computed = computed_attribute(model, name)) {
    return copy_out(*computed, requested, count, elements);
  }
  const auto set = descriptor.attributes.find(name);
  if (set != descriptor.attributes.end()) return copy_out(set->second, requested, count, elements);
  model.observations.note_unsupported("cudnnBackendGetAttribute of attribute " + std::to_string(name));
  return CUDNN_STATUS_NOT_SUPPORTED;
}

std::shared_ptr<GraphRuns> runs_of_plan(const DriverModel& model, const GraphDescriptor& plan) {
  const GraphDescriptor* at = named_descriptor(model, plan, kPlanConfiguration);
  // A configuration has its graph from the heuristics, or its engine's.
  if (at != nullptr && !at->attributes.contains(kEngineGraph)) {
    at = named_descriptor(model, *at, kConfigurationEngine);
  }
  const GraphDescriptor* const graph = at == nullptr ? nullptr : named_descriptor(model, *at, kEngineGraph);
  return graph == nullptr ? nullptr : graph->runs;
}

}  // namespace memsweep::standin
