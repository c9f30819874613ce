// cuDNN's graphs. Where the true library is to be asked, each descriptor has one there, which gets what the
// descriptor gets but for handles, and answers for it. Nothing is executed.
#include <memory>
#include <vector>

#include "harness/standin/cudnn/graph_descriptor.h"
#include "harness/standin/cudnn/true_library.h"

namespace memsweep::standin {
namespace {

/// A descriptor of the true library that is asked about something, outside of the lock.
struct Question {
  const TrueLibrary* library = nullptr;  // null: nobody is asked
  void* descriptor = nullptr;
  std::vector<void*> others;  // there, for the descriptors that an attribute is made of

  void about(const GraphDescriptor& of) {
    if (!of.asked) return;
    library = of.library;
    descriptor = of.truth;
  }

  /// What an attribute consists of there.
  template <class Elements>
  Elements* elements(int type, Elements* here) {
    return type == kDescriptorPointer && here != nullptr ? static_cast<Elements*>(others.data()) : here;
  }
};

/// False where one of them is not asked.
bool translate(const std::vector<GraphDescriptor*>& descriptors, Question& question) {
  for (const GraphDescriptor* const each : descriptors) {
    if (each == nullptr || !each->asked) return false;
    question.others.push_back(each->truth);
  }
  return true;
}

bool is_asked(int kind) { return kind != kVariantPack; }

void note_plan(DriverModel& model, GraphDescriptor& plan) {
  plan.runs = runs_of_plan(model, plan);
  if (plan.asked) {
    model.observations.note_asked_plan();
  } else {
    model.observations.note_assumed_plan();
  }
}

/// Several plans of one graph run only where they are compared.
void note_run(DriverModel& model, const GraphDescriptor& plan) {
  if (plan.runs == nullptr) return;
  GraphRuns& runs = *plan.runs;
  if (runs.first_plan == nullptr) runs.first_plan = &plan;
  if (runs.first_plan == &plan || runs.several) return;
  runs.several = true;
  model.observations.note_compared_plans();
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnBackendCreateDescriptor(int kind, void** handle) {
  const TrueLibrary* library = is_asked(kind) ? asked_cudnn().library : nullptr;
  GraphDescriptor made{.kind = kind};
  if (library != nullptr) {
    const cudnnStatus_t status = library->create(kind, &made.truth);
    if (status != CUDNN_STATUS_SUCCESS && is_answer(status)) return status;
    if (status != CUDNN_STATUS_SUCCESS) library = nullptr;
    made.asked = library != nullptr;
  }
  made.library = library;
  if (kind == kGraph) made.runs = std::make_shared<GraphRuns>();
  const cudnnStatus_t status = dnn_call(kGraphDescriptor, [&](DriverModel& model) {
    *handle = model.handles.create(kGraphDescriptor, made);
    return CUDNN_STATUS_SUCCESS;
  });
  if (status != CUDNN_STATUS_SUCCESS && library != nullptr) library->destroy(made.truth);
  return status;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(void* handle) {
  constexpr std::string_view kName = "cudnnBackendDestroyDescriptor";
  const TrueLibrary* library = nullptr;
  void* truth = nullptr;
  const cudnnStatus_t status = run_call<cudnnStatus_t>(kName, [&](DriverModel& model) {
    if (handle == nullptr) return CUDNN_STATUS_SUCCESS;
    const GraphDescriptor* const descriptor = find_graph_descriptor(model, handle);
    if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    library = descriptor->library;
    truth = descriptor->truth;
    model.handles.destroy(kGraphDescriptor, handle);
    return CUDNN_STATUS_SUCCESS;
  });
  if (library != nullptr) library->destroy(truth);
  return status;
}

cudnnStatus_t cudnnBackendSetAttribute(void* handle, int name, int type, std::int64_t count,
                                       const void* elements) {
  Question question;
  const cudnnStatus_t status = dnn_call("cudnnBackendSetAttribute", [&](const DriverModel& model) {
    GraphDescriptor* const descriptor = find_graph_descriptor(model, handle);
    if (descriptor == nullptr || count < 0 || (count > 0 && elements == nullptr)) {
      return CUDNN_STATUS_BAD_PARAM;
    }
    keep_attribute(*descriptor, name, type, count, elements);
    if (type == kDescriptorPointer && !translate(descriptors_in(model, count, elements), question)) {
      descriptor->asked = false;
    }
    if (type != kHandleType) question.about(*descriptor);
    return CUDNN_STATUS_SUCCESS;
  });
  if (question.library == nullptr || status != CUDNN_STATUS_SUCCESS) return status;
  const cudnnStatus_t answer =
      question.library->set(question.descriptor, name, type, count, question.elements(type, elements));
  if (is_answer(answer)) return answer;
  const CallLock lock;
  find_graph_descriptor(model(), handle)->asked = false;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(void* handle, int name, int type, std::int64_t requested,
                                       std::int64_t* count, void* elements) {
  Question question;
  const cudnnStatus_t status = dnn_call("cudnnBackendGetAttribute", [&](DriverModel& model) {
    const GraphDescriptor* const descriptor = find_graph_descriptor(model, handle);
    if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    if (!descriptor->asked) {
      return accepted_attribute(model, *descriptor, name, type, requested, count, elements);
    }
    const std::int64_t given = elements == nullptr ? 0 : requested;
    if (type == kDescriptorPointer && !translate(descriptors_in(model, given, elements), question)) {
      return CUDNN_STATUS_BAD_PARAM;
    }
    if (hands_out(name, type)) hand_out_graph(model, *descriptor, given, elements);
    question.about(*descriptor);
    return CUDNN_STATUS_SUCCESS;
  });
  if (question.library == nullptr || status != CUDNN_STATUS_SUCCESS) return status;
  const cudnnStatus_t answer = question.library->get(question.descriptor, name, type, requested, count,
                                                     question.elements(type, elements));
  if (is_answer(answer)) return answer;
  const CallLock lock;
  GraphDescriptor* const descriptor = find_graph_descriptor(model(), handle);
  descriptor->asked = false;
  return accepted_attribute(model(), *descriptor, name, type, requested, count, elements);
}

cudnnStatus_t cudnnBackendFinalize(void* handle) {
  constexpr std::string_view kName = "cudnnBackendFinalize";
  Question question;
  int kind = 0;
  const cudnnStatus_t status = dnn_call(kName, [&](const DriverModel& model) {
    const GraphDescriptor* const descriptor = find_graph_descriptor(model, handle);
    if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
    kind = descriptor->kind;
    question.about(*descriptor);
    return CUDNN_STATUS_SUCCESS;
  });
  if (status != CUDNN_STATUS_SUCCESS) return status;
  cudnnStatus_t answer = CUDNN_STATUS_SUCCESS;
  if (question.library != nullptr) answer = question.library->finalize(kind, question.descriptor);
  if (answer != CUDNN_STATUS_SUCCESS && is_answer(answer)) return answer;
  const CallLock lock;
  GraphDescriptor* const descriptor = find_graph_descriptor(model(), handle);
  if (answer != CUDNN_STATUS_SUCCESS) descriptor->asked = false;
  if (kind == kPlan) note_plan(model(), *descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendExecute(void*, void* handle, void* variants) {
  return dnn_call("cudnnBackendExecute", [&](DriverModel& model) {
    const GraphDescriptor* const plan = find_graph_descriptor(model, handle);
    if (plan == nullptr || find_graph_descriptor(model, variants) == nullptr) return CUDNN_STATUS_BAD_PARAM;
    note_run(model, *plan);
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
