// Recurrent networks of cuDNN's older interface: where their weights lie, and how large their spaces are.
#include <algorithm>

#include "harness/standin/cudnn/tensors.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kNetwork = "cudnnCreateRNNDescriptor";
constexpr std::string_view kSequences = "cudnnCreateRNNDataDescriptor";

enum CellMode { kLstm = 2, kGru = 3 };
enum BiasMode { kNoBias = 0, kDoubleBias = 2 };

struct Network {
  int cell = 0, bias = 0, directions = 1, skip_input = 0, type = 0;
  std::int64_t inputs = 0, hidden = 0, projected = 0, layers = 0;

  [[nodiscard]] int gates() const { return cell == kLstm ? 4 : cell == kGru ? 3 : 1; }
  [[nodiscard]] std::int64_t outputs() const { return projected > 0 ? projected : hidden; }
  [[nodiscard]] bool projects() const { return projected > 0 && projected != hidden; }
  [[nodiscard]] int biases() const { return bias == kNoBias ? 0 : bias == kDoubleBias ? 2 : 1; }
  [[nodiscard]] std::size_t element() const {
    constexpr int kFloat = 0, kDouble = 1;
    return type == kFloat ? 4 : type == kDouble ? 8 : 2;
  }

  /// A layer of one direction: matrices of the gates over the layer below, then over the step before, then
  /// that of the projection.
  [[nodiscard]] std::int64_t below(std::int64_t layer) const {
    return layer == 0 ? inputs : outputs() * directions;
  }
  [[nodiscard]] std::int64_t weights(std::int64_t layer) const {
    return gates() * hidden * (below(layer) + outputs()) + (projects() ? hidden * projected : 0);
  }
};

struct Sequences {
  std::int64_t steps = 0, batch = 0;
};

const Network* find_network(const DriverModel& model, const void* handle) {
  return model.handles.holds(kNetwork, handle) ? static_cast<const Network*>(handle) : nullptr;
}

/// Elements before the weights of a pseudo layer, which counts directions of layers.
std::int64_t weights_before(const Network& network, std::int64_t pseudo_layer) {
  std::int64_t sum = 0;
  for (std::int64_t each = 0; each < pseudo_layer; ++each) sum += network.weights(each / network.directions);
  return sum;
}

std::int64_t all_weights(const Network& network) {
  return weights_before(network, network.layers * network.directions);
}

std::int64_t all_biases(const Network& network) {
  return network.layers * network.directions * network.gates() * network.biases() * network.hidden;
}

struct Part {
  std::int64_t offset = 0, rows = 0, columns = 0;  // elements; no rows: there is none
};

Part find_matrix(const Network& network, std::int64_t pseudo_layer, int which) {
  const std::int64_t below = network.below(pseudo_layer / network.directions);
  const std::int64_t first = weights_before(network, pseudo_layer);
  const int gates = network.gates();
  const std::int64_t over_input = network.hidden * below;
  const std::int64_t over_step = network.hidden * network.outputs();
  if (which < gates) return {first + which * over_input, network.hidden, below};
  const std::int64_t recurrent = first + gates * over_input;
  if (which < 2 * gates) return {recurrent + (which - gates) * over_step, network.hidden, network.outputs()};
  if (!network.projects()) return {};
  return {recurrent + gates * over_step, network.projected, network.hidden};
}

/// All biases lie behind all matrices.
Part find_bias(const Network& network, std::int64_t pseudo_layer, int which) {
  if (which >= network.gates() * network.biases()) return {};
  const std::int64_t each = network.gates() * network.biases() * network.hidden;
  return {all_weights(network) + pseudo_layer * each + which * network.hidden, network.hidden, 1};
}

void give(const Network& network, Part part, const void* space, TensorShape* shape, void** address) {
  const bool there = part.rows > 0;
  if (address != nullptr) {
    *address = there ? const_cast<char*>(static_cast<const char*>(space)) + part.offset * network.element()
                     : nullptr;
  }
  if (shape == nullptr) return;
  const int rows = static_cast<int>(part.rows), columns = static_cast<int>(part.columns);
  *shape = {network.type, 0, {there ? 1 : 0, rows, columns}, {rows * columns, columns, 1}};
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnCreateRNNDescriptor(void** handle) { return create<Network>(kNetwork, handle); }
cudnnStatus_t cudnnDestroyRNNDescriptor(void* handle) {
  return destroy("cudnnDestroyRNNDescriptor", kNetwork, handle);
}
cudnnStatus_t cudnnCreateRNNDataDescriptor(void** handle) { return create<Sequences>(kSequences, handle); }
cudnnStatus_t cudnnDestroyRNNDataDescriptor(void* handle) {
  return destroy("cudnnDestroyRNNDataDescriptor", kSequences, handle);
}

cudnnStatus_t cudnnSetRNNDescriptor_v8(void* handle, int, int cell, int bias, int direction, int input_mode,
                                       int type, int, int, std::int32_t inputs, std::int32_t hidden,
                                       std::int32_t projected, std::int32_t layers, void*, std::uint32_t) {
  return dnn_call("cudnnSetRNNDescriptor_v8", [&](const DriverModel& model) {
    if (find_network(model, handle) == nullptr) return CUDNN_STATUS_BAD_PARAM;
    *static_cast<Network*>(handle) = {
        cell, bias, direction == 0 ? 1 : 2, input_mode, type, inputs, hidden, projected, layers};
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnSetRNNDataDescriptor(void* handle, int, int, int steps, int batch, int, const int*,
                                        void*) {
  return dnn_call("cudnnSetRNNDataDescriptor", [&](const DriverModel& model) {
    if (!model.handles.holds(kSequences, handle)) return CUDNN_STATUS_BAD_PARAM;
    *static_cast<Sequences*>(handle) = {steps, batch};
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnGetRNNWeightSpaceSize(void*, const void* handle, std::size_t* bytes) {
  return dnn_call("cudnnGetRNNWeightSpaceSize", [&](const DriverModel& model) {
    const Network* const network = find_network(model, handle);
    if (network == nullptr) return CUDNN_STATUS_BAD_PARAM;
    *bytes = static_cast<std::size_t>(all_weights(*network) + all_biases(*network)) * network->element();
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnGetRNNWeightParams(void*, const void* handle, std::int32_t pseudo_layer, std::size_t,
                                      const void* space, std::int32_t which, void* matrix,
                                      void** matrix_address, void* bias, void** bias_address) {
  return dnn_call("cudnnGetRNNWeightParams", [&](const DriverModel& model) {
    const Network* const network = find_network(model, handle);
    if (network == nullptr) return CUDNN_STATUS_BAD_PARAM;
    give(*network, find_matrix(*network, pseudo_layer, which), space, find_tensor(model, matrix),
         matrix_address);
    give(*network, find_bias(*network, pseudo_layer, which), space, find_tensor(model, bias), bias_address);
    return CUDNN_STATUS_SUCCESS;
  });
}

/// What training keeps is taken to be the gates, the cell and the output of every step and layer; what only
/// the call needs, the gates of the longest layer.
cudnnStatus_t cudnnGetRNNTempSpaceSizes(void*, const void* handle, int forward_mode, const void* sequences,
                                        std::size_t* workspace, std::size_t* reserve) {
  return dnn_call("cudnnGetRNNTempSpaceSizes", [&](DriverModel& model) {
    const Network* const network = find_network(model, handle);
    if (network == nullptr || !model.handles.holds(kSequences, sequences)) return CUDNN_STATUS_BAD_PARAM;
    const auto& data = *static_cast<const Sequences*>(sequences);
    const std::int64_t rows = data.steps * data.batch * network->directions;
    const std::int64_t kept = (network->gates() + 1) * network->hidden + network->outputs();
    constexpr int kTraining = 1;
    const std::size_t element = network->element();
    const std::size_t temporary =
        static_cast<std::size_t>(rows * network->gates() * network->hidden) * element;
    const std::size_t lasting =
        forward_mode == kTraining ? static_cast<std::size_t>(rows * network->layers * kept) * element : 0;
    if (workspace != nullptr) *workspace = temporary;
    if (reserve != nullptr) *reserve = lasting;
    model.observations.note_estimate("cudnnGetRNNTempSpaceSizes", std::max(temporary, lasting));
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // extern "C"
}  // namespace memsweep::standin
