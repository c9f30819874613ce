// Capture of streams, and graphs.
#include <utility>

#include "harness/standin/cudart/call.h"
#include "harness/standin/cudart/streams.h"

struct CUgraphExec_st {
  std::size_t nodes;
};

namespace memsweep::standin {
namespace {

constexpr std::string_view kGraph = "cudaGraphCreate";
constexpr std::string_view kExecutable = "cudaGraphInstantiate";

/// The streams that capture, which end together.
void end_capture(const DriverModel& model, std::uint64_t id) {
  model.handles.for_each<CUstream_st>(kStream, [id](CUstream_st& stream) {
    if (stream.capture.id == id) stream.capture = {};
  });
}

const Capture& capture_of(const DriverModel& model, cudaStream_t stream) {
  static const Capture none;
  const CUstream_st* const found = find_stream(model, stream);
  return found == nullptr ? none : found->capture;
}

cudaStreamCaptureStatus status_of(const Capture& capture) {
  return capture.id == 0 ? cudaStreamCaptureStatusNone : cudaStreamCaptureStatusActive;
}

cudaError_t instantiate(std::string_view function, cudaGraphExec_t* executable, cudaGraph_t graph) {
  return call(function, [&](DriverModel& model) {
    if (!model.handles.holds(kGraph, graph)) return cudaErrorInvalidValue;
    *executable = model.handles.create(kExecutable, CUgraphExec_st{graph->nodes});
    return cudaSuccess;
  });
}

/// Nodes, and so dependencies on them, are not known here.
cudaError_t get_capture_info(std::string_view function, cudaStream_t stream, cudaStreamCaptureStatus* status,
                             unsigned long long* id, cudaGraph_t* graph, const cudaGraphNode_t** dependencies,
                             size_t* dependency_count) {
  return call(function, [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    const Capture& capture = capture_of(model, stream);
    *status = status_of(capture);
    if (id != nullptr) *id = capture.id;
    if (graph != nullptr) *graph = capture.graph;
    if (dependencies != nullptr) *dependencies = nullptr;
    if (dependency_count != nullptr) *dependency_count = 0;
    return cudaSuccess;
  });
}

}  // namespace

bool is_active(const DriverModel& model, const Capture& capture) {
  bool active = false;
  model.handles.for_each<CUstream_st>(kStream, [&](const CUstream_st& stream) {
    active = active || (capture.id != 0 && stream.capture.id == capture.id);
  });
  return active;
}

void note_work(const DriverModel& model, cudaStream_t stream) {
  const Capture& capture = capture_of(model, stream);
  if (capture.id != 0) ++capture.graph->nodes;
}

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return call("cudaStreamBeginCapture", [&](DriverModel& model) {
    CUstream_st* const found = find_stream(model, stream);
    if (found == nullptr) return cudaErrorStreamCaptureUnsupported;  // the default stream, too
    if (found->capture.id != 0) return cudaErrorIllegalState;
    static std::uint64_t captures = 0;
    found->capture = {++captures, model.handles.create(kGraph, CUgraph_st{})};
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return call("cudaStreamEndCapture", [&](const DriverModel& model) {
    const Capture capture = capture_of(model, stream);
    if (capture.id == 0) return cudaErrorIllegalState;
    *graph = capture.graph;
    end_capture(model, capture.id);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return call("cudaStreamIsCapturing", [&](const DriverModel& model) {
    if (!is_stream(model, stream)) return cudaErrorInvalidResourceHandle;
    *status = status_of(capture_of(model, stream));
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies, const cudaGraphEdgeData** edges,
                                     size_t* dependency_count) {
  if (edges != nullptr) *edges = nullptr;
  return get_capture_info("cudaStreamGetCaptureInfo", stream, status, id, graph, dependencies,
                          dependency_count);
}

/// CUDA 12's.
cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                        unsigned long long* id, cudaGraph_t* graph,
                                        const cudaGraphNode_t** dependencies, size_t* dependency_count) {
  return get_capture_info("cudaStreamGetCaptureInfo_v2", stream, status, id, graph, dependencies,
                          dependency_count);
}

/// What a thread may do while others capture is not checked here: only the mode is remembered.
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return query("cudaThreadExchangeStreamCaptureMode", [&](const DriverModel&) {
    thread_local cudaStreamCaptureMode current = cudaStreamCaptureModeGlobal;
    std::swap(current, *mode);
    return cudaSuccess;
  });
}

/// Nodes have no handles here: how many there are is all that can be asked for.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return call("cudaGraphGetNodes", [&](DriverModel& model) {
    if (!model.handles.holds(kGraph, graph)) return cudaErrorInvalidValue;
    if (nodes != nullptr) {
      model.observations.note_unsupported("cudaGraphGetNodes with nodes");
      return cudaErrorNotSupported;
    }
    *count = graph->nodes;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  return instantiate("cudaGraphInstantiate", executable, graph);
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph,
                                          unsigned long long) {
  return instantiate("cudaGraphInstantiateWithFlags", executable, graph);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return call("cudaGraphLaunch", [&](const DriverModel& model) {
    const bool known = model.handles.holds(kExecutable, executable) && is_stream(model, stream);
    if (known) note_work(model, stream);
    return known ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call("cudaGraphDestroy", [&](DriverModel& model) {
    return model.handles.destroy(kGraph, graph) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return call("cudaGraphExecDestroy", [&](DriverModel& model) {
    return model.handles.destroy(kExecutable, executable) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
