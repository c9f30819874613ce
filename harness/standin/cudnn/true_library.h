// The true cuDNN, which is asked about graphs without a GPU: it works out plans and their workspaces for a
// device that is described to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/standin/cudnn/call.h"

namespace memsweep::standin {

/// Kinds of descriptors (cudnnBackendDescriptorType_t).
enum DescriptorKind {
  kEngine = 2,
  kHeuristics = 4,
  kPlan = 5,
  kGraph = 15,
  kVariantPack = 16,
  kDeviceProperties = 38
};

/// Types of attributes (cudnnBackendAttributeType_t).
enum AttributeType { kHandleType = 0, kInt64 = 3, kDescriptorPointer = 15, kInt32 = 23, kCharacter = 24 };

/// The functions of libcudnn_graph.so.9. They call the driver, and so may not be called under model_mutex().
struct TrueLibrary {
  /// Opens the library for the device of the settings; `version` becomes its own (91900 is 9.19.0) as soon as
  /// that is known. Throws UsageError, a clause that says why it cannot be asked.
  TrueLibrary(const std::string& file, const Settings& settings, std::size_t& version);

  cudnnStatus_t create(int kind, void** descriptor) const;
  cudnnStatus_t set(void* descriptor, int name, int type, std::int64_t count, const void* elements) const;
  cudnnStatus_t get(void* descriptor, int name, int type, std::int64_t requested, std::int64_t* count,
                    void* elements) const;

  /// Ends a descriptor with what the device is, where its kind wants to know, and finalizes it.
  cudnnStatus_t finalize(int kind, void* descriptor) const;

  /// Not at exit, when the library may be gone.
  void destroy(void* descriptor) const;

 private:
  void describe_device(const Settings& settings);

  cudnnStatus_t (*create_)(int kind, void** descriptor);
  cudnnStatus_t (*set_)(void* descriptor, int name, int type, std::int64_t count, const void* elements);
  cudnnStatus_t (*get_)(void* descriptor, int name, int type, std::int64_t requested, std::int64_t* count,
                        void* elements);
  cudnnStatus_t (*finalize_)(void* descriptor);
  cudnnStatus_t (*destroy_)(void* descriptor);
  void* device_ = nullptr;  // its properties
};

struct AskedCudnn {
  const TrueLibrary* library = nullptr;  // null where nobody is to be asked or can be, which is observed
  std::size_t version = 0;               // of what is installed, asked or not; 0: not known
};

/// What the setting `cudnn` names, opened at the first call. Not to be called under model_mutex().
AskedCudnn asked_cudnn();

/// Whether `status` is the library's word on a descriptor, and not a failure for lack of a GPU.
[[nodiscard]] bool is_answer(cudnnStatus_t status);

/// "9.19.0".
[[nodiscard]] std::string version_text(std::size_t version);

}  // namespace memsweep::standin
