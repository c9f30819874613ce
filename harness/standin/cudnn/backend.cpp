// cuDNN's graphs: descriptors keep their attributes, and every graph has one engine with one plan, which
// wants the configured workspace (the setting `workspace`) and does nothing.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "harness/standin/cudnn/call.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kDescriptor = "cudnnBackendCreateDescriptor";

enum AttributeType { kInt64 = 3, kDescriptorPointer = 15, kInt32 = 23, kCharacter = 24 };

enum AttributeName {
  kHeuristicGraph = 201,
  kHeuristicResults = 202,
  kConfigurationEngine = 300,
  kConfigurationKnobs = 302,
  kConfigurationWorkspace = 303,
  kConfigurationSharedMemory = 304,
  kPlanWorkspace = 402,
  kPlanText = 405,
  kGraphEngineCount = 802,
  kEngineGraph = 1300,
  kEngineIndex = 1301,
  kEngineKnobs = 1302,
  kEngineNumericalNotes = 1303,
  kEngineBehaviorNotes = 1305
};

struct Attribute {
  int type;
  std::int64_t count;
  std::vector<std::byte> bytes;
};

struct Descriptor {
  std::map<int, Attribute> attributes;
};

/// Of one element, in bytes.
std::size_t size_of(int type) {
  constexpr int kBoolean = 2, kDouble = 5, kHandle = 0, kPointer = 6, kFraction = 26;
  switch (type) {
    case kBoolean:
    case kCharacter: return 1;
    case kHandle:
    case kInt64:
    case kDouble:
    case kPointer:
    case kDescriptorPointer: return 8;
    case kFraction: return 16;
    default: return 4;  // numbers and enumerations
  }
}

Descriptor* find_descriptor(const DriverModel& model, void* handle) {
  return model.handles.holds(kDescriptor, handle) ? static_cast<Descriptor*>(handle) : nullptr;
}

template <class Value>
Attribute one(int type, Value value) {
  Attribute made{type, 1, std::vector<std::byte>(sizeof(value))};
  std::memcpy(made.bytes.data(), &value, sizeof(value));
  return made;
}

Attribute text(std::string_view characters) {
  const auto* const first = reinterpret_cast<const std::byte*>(characters.data());
  return {kCharacter, static_cast<std::int64_t>(characters.size()), {first, first + characters.size()}};
}

/// What the library would work out itself; nothing where it is no such attribute.
const Attribute* computed_attribute(const DriverModel& model, int name) {
  const auto workspace = static_cast<std::int64_t>(model.settings.workspace);
  static thread_local Attribute made;
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

/// Descriptors are handed out into ones that the caller made: of the heuristic's result, or of its engine.
bool fill_in(const Descriptor& from, int name, Descriptor& to) {
  const int graph = name == kHeuristicResults ? kHeuristicGraph : kEngineGraph;
  const auto found = from.attributes.find(graph);
  if (found != from.attributes.end()) to.attributes.insert_or_assign(kEngineGraph, found->second);
  return name == kHeuristicResults || name == kConfigurationEngine;
}

cudnnStatus_t hand_out(const DriverModel& model, const Descriptor& from, int name, std::int64_t requested,
                       std::int64_t* count, void* elements) {
  if (count != nullptr) *count = 1;
  if (elements == nullptr || requested < 1) return CUDNN_STATUS_SUCCESS;
  Descriptor* const to = find_descriptor(model, *static_cast<void**>(elements));
  return to != nullptr && fill_in(from, name, *to) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t copy_out(const Attribute& attribute, std::int64_t requested, std::int64_t* count,
                       void* elements) {
  if (count != nullptr) *count = attribute.count;
  if (elements == nullptr) return CUDNN_STATUS_SUCCESS;
  const std::int64_t given = std::min(requested, attribute.count);
  std::memcpy(elements, attribute.bytes.data(), static_cast<std::size_t>(given) * size_of(attribute.type));
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnBackendCreateDescriptor(int, void** handle) {
  return create<Descriptor>(kDescriptor, handle);
}

cudnnStatus_t cudnnBackendDestroyDescriptor(void* handle) {
  return destroy("cudnnBackendDestroyDescriptor", kDescriptor, handle);
}

cudnnStatus_t cudnnBackendSetAttribute(void* handle, int name, int type, std::int64_t count,
                                       const void* elements) {
  return dnn_call("cudnnBackendSetAttribute", [&](const DriverModel& model) {
    Descriptor* const descriptor = find_descriptor(model, handle);
    if (descriptor == nullptr || count < 0 || (count > 0 && elements == nullptr)) {
      return CUDNN_STATUS_BAD_PARAM;
    }
    const auto* const first = static_cast<const std::byte*>(elements);
    const std::size_t bytes = static_cast<std::size_t>(count) * size_of(type);
    descriptor->attributes.insert_or_assign(name, Attribute{type, count, {first, first + bytes}});
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnBackendGetAttribute(void* handle, int name, int type, std::int64_t requested,
                                       std::int64_t* count, void* elements) {
  return dnn_call("cudnnBackendGetAttribute", [&](DriverModel& model) {
    const Descriptor* const descriptor = find_descriptor(model, handle);
    if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    if (name == kHeuristicResults || (name == kConfigurationEngine && type == kDescriptorPointer)) {
      return hand_out(model, *descriptor, name, requested, count, elements);
    }
    if (const Attribute* const computed = computed_attribute(model, name)) {
      return copy_out(*computed, requested, count, elements);
    }
    const auto set = descriptor->attributes.find(name);
    if (set != descriptor->attributes.end()) return copy_out(set->second, requested, count, elements);
    model.observations.note_unsupported("cudnnBackendGetAttribute of attribute " + std::to_string(name));
    return CUDNN_STATUS_NOT_SUPPORTED;
  });
}

cudnnStatus_t cudnnBackendFinalize(void* handle) {
  return dnn_call("cudnnBackendFinalize", [&](const DriverModel& model) {
    return find_descriptor(model, handle) == nullptr ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnBackendExecute(void*, void* plan, void* variants) {
  return dnn_call("cudnnBackendExecute", [&](const DriverModel& model) {
    const bool known = find_descriptor(model, plan) != nullptr && find_descriptor(model, variants) != nullptr;
    return known ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
