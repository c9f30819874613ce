// A "true cuDNN" that answers as the true one does without a GPU: it refuses handles, and knows devices only
// as they are described to it. A test tells it what to do, and reads what it was told.
#include "tests/standin/fake_cudnn.h"

#include <cstring>
#include <map>
#include <set>
#include <string>

namespace {

enum Kind { kEngine = 2, kConfiguration = 3, kHeuristics = 4, kPlan = 5, kDeviceProperties = 38 };
enum Type { kHandle = 0, kInt64 = 3, kDescriptor = 15 };
constexpr int kSuccess = 0, kBadParameter = 2000, kNotInitialized = 1001;
constexpr int kResults = 202, kPlanWorkspace = 402, kDeviceText = 2702;

struct Descriptor {
  int kind;
  std::map<int, std::string> attributes;
};

std::set<Descriptor*> descriptors;
FakeCudnn state;

/// What a kind says for which device it is; 0: it does not.
int device_of(int kind) {
  return kind == kHeuristics ? 204 : kind == kPlan ? 407 : kind == kEngine ? 1307 : 0;
}

}  // namespace

extern "C" {

FakeCudnn* fake_cudnn() {
  state.live = descriptors.size();
  return &state;
}

std::size_t cudnnGetVersion() { return state.version; }

int cudnnBackendCreateDescriptor(int kind, void** handle) {
  if (kind != kDeviceProperties && state.create_status != kSuccess) return state.create_status;
  auto* const made = new Descriptor{kind, {}};
  descriptors.insert(made);
  *handle = made;
  return kSuccess;
}

int cudnnBackendDestroyDescriptor(void* handle) {
  auto* const descriptor = static_cast<Descriptor*>(handle);
  if (descriptors.erase(descriptor) == 0) return kBadParameter;
  delete descriptor;
  return kSuccess;
}

int cudnnBackendSetAttribute(void* handle, int name, int type, std::int64_t count, const void* elements) {
  auto* const descriptor = static_cast<Descriptor*>(handle);
  if (!descriptors.contains(descriptor)) return kBadParameter;
  if (descriptor->kind != kDeviceProperties && state.set_status != kSuccess) return state.set_status;
  if (type == kHandle) ++state.handles;
  if (type == kDescriptor) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (!descriptors.contains(static_cast<Descriptor* const*>(elements)[i])) return kBadParameter;
    }
  }
  if (name == kDeviceText) {
    state.device.assign(static_cast<const char*>(elements), static_cast<std::size_t>(count));
  }
  descriptor->attributes[name] = "set";
  return kSuccess;
}

int cudnnBackendGetAttribute(void* handle, int name, int type, std::int64_t requested, std::int64_t* count,
                             void* elements) {
  if (!descriptors.contains(static_cast<Descriptor*>(handle))) return kBadParameter;
  if (name == kResults && type == kDescriptor) {
    *count = 2;
    for (std::int64_t i = 0; elements != nullptr && i < requested; ++i) {
      if (!descriptors.contains(static_cast<Descriptor**>(elements)[i])) return kBadParameter;
    }
    return kSuccess;
  }
  if (name != kPlanWorkspace || type != kInt64 || requested < 1) return kBadParameter;
  *count = 1;
  std::memcpy(elements, &state.workspace, sizeof(state.workspace));
  return kSuccess;
}

int cudnnBackendFinalize(void* handle) {
  auto* const descriptor = static_cast<Descriptor*>(handle);
  if (!descriptors.contains(descriptor)) return kBadParameter;
  const int device = device_of(descriptor->kind);
  if (device != 0 && !descriptor->attributes.contains(device)) return kNotInitialized;
  return descriptor->kind == kPlan ? state.plan_status : kSuccess;
}

}  // extern "C"
