// The descriptors of cuDNN's graphs: they keep their attributes, and where the true library is not asked,
// every graph has one engine with one plan, which wants the configured workspace (the setting `workspace`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "harness/standin/cudnn/call.h"
#include "harness/standin/cudnn/true_library.h"

namespace memsweep::standin {

inline constexpr std::string_view kGraphDescriptor = "cudnnBackendCreateDescriptor";

struct GraphAttribute {
  int type;
  std::int64_t count;
  std::vector<std::byte> bytes;
};

/// Which plans of a graph ran.
struct GraphRuns {
  const void* first_plan = nullptr;
  bool several = false;
};

struct GraphDescriptor {
  int kind;
  const TrueLibrary* library = nullptr;  // the true one; null: it has no such descriptor
  void* truth = nullptr;                 // the descriptor there
  bool asked = false;                    // what it says counts; else the one here
  std::map<int, GraphAttribute> attributes{};
  std::shared_ptr<GraphRuns> runs{};  // of a graph; of a plan's, once that is finalized
};

[[nodiscard]] GraphDescriptor* find_graph_descriptor(const DriverModel& model, const void* handle);

/// Keeps an attribute that the caller sets.
void keep_attribute(GraphDescriptor& descriptor, int name, int type, std::int64_t count,
                    const void* elements);

/// The descriptors that an attribute holds; null for each that is none of ours.
[[nodiscard]] std::vector<GraphDescriptor*> descriptors_in(const DriverModel& model, std::int64_t count,
                                                           const void* elements);

/// Whether an attribute's descriptors are handed out, into those that the caller made.
[[nodiscard]] bool hands_out(int name, int type);

/// Makes the first `count` of them belong to the graph of `from`.
void hand_out_graph(const DriverModel& model, const GraphDescriptor& from, std::int64_t count,
                    const void* elements);

/// What is answered where nobody is asked.
[[nodiscard]] cudnnStatus_t accepted_attribute(DriverModel& model, const GraphDescriptor& descriptor,
                                               int name, int type, std::int64_t requested,
                                               std::int64_t* count, void* elements);

/// The runs of the graph that a plan is for; null where it has none.
[[nodiscard]] std::shared_ptr<GraphRuns> runs_of_plan(const DriverModel& model, const GraphDescriptor& plan);

}  // namespace memsweep::standin
