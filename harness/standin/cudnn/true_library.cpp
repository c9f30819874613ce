#include "harness/standin/cudnn/true_library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/standin/cudnn/device_text.h"

namespace memsweep::standin {
namespace {

namespace fs = std::filesystem;

/// Its name is another than the stand-in's, and so it can be in the same process.
constexpr const char* kGraphLibrary = "libcudnn_graph.so.9";

/// CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR is there from this version on.
constexpr std::size_t kFirstWithoutGpu = 90800;

/// The descriptor's attribute that says for which device it is; 0: the kind has none.
int device_attribute_of(int kind) {
  switch (kind) {
    case kHeuristics: return 204;
    case kPlan: return 407;
    case kEngine: return 1307;
    default: return 0;
  }
}

int find_pytorch(dl_phdr_info* object, std::size_t, void* folder) {
  const fs::path file = object->dlpi_name;
  if (file.filename() != "libtorch_cuda.so") return 0;
  *static_cast<fs::path*>(folder) = file.parent_path();
  return 1;
}

/// Without all of its parts cuDNN makes other plans, or takes the parts of another one. Throws UsageError.
void expect_whole(const fs::path& folder) {
  for (const char* part : {"libcudnn_heuristic.so.9", "libcudnn_engines_precompiled.so.9",
                           "libcudnn_engines_runtime_compiled.so.9"}) {
    std::error_code error;
    if (!fs::exists(folder / part, error))
      throw UsageError(fmt::format("the one installed beside PyTorch lacks {}", part));
  }
}

/// What PyTorch loads: cuDNN of its Python's packages, of its own folder or of the prefix that it is
/// installed under. Not any other of the system: PyTorch refuses one that is older than its own. Throws
/// UsageError.
std::string installed_library() {
  fs::path pytorch;
  dl_iterate_phdr(find_pytorch, &pytorch);
  std::error_code error;
  for (const char* place : {"../../nvidia/cudnn/lib", ".", "../../../.."}) {
    if (pytorch.empty()) break;
    const fs::path file = fs::canonical(pytorch / place / kGraphLibrary, error);
    if (error) continue;
    expect_whole(file.parent_path());
    return file;
  }
  throw UsageError("none is installed beside PyTorch");
}

/// cuDNN compiles some kernels when it plans and looks for the compiler by name, which is the stand-in's
/// where PyTorch has not loaded the true one. What is loaded already is found first.
void load_compiler(const fs::path& cudnn) {
  for (const char* place : {"../../cu13/lib/libnvrtc.so.13", "../../cuda_nvrtc/lib/libnvrtc.so.12"}) {
    dlopen((cudnn.parent_path() / place).c_str(), RTLD_LAZY | RTLD_LOCAL);
  }
}

template <class Function>
void find_function(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw UsageError(fmt::format("{} has no {}", kGraphLibrary, name));
}

std::atomic<bool> at_exit = false;

class InTrueLibrary {
 public:
  InTrueLibrary() { in_true_library() = true; }
  ~InTrueLibrary() { in_true_library() = false; }
  InTrueLibrary(const InTrueLibrary&) = delete;
  InTrueLibrary& operator=(const InTrueLibrary&) = delete;
};

/// What was found of a setting, for a device.
struct Opened {
  std::string setting, device;
  std::unique_ptr<TrueLibrary> library;
  std::string refusal;
  std::size_t version = 0;  // also of one that cannot be asked; 0: not known
};

Opened open(const Settings& settings) {
  Opened opened{settings.cudnn, device_text(settings), nullptr, "", 0};
  try {
    const std::string file = settings.cudnn == "installed" ? installed_library() : settings.cudnn;
    opened.library = std::make_unique<TrueLibrary>(file, settings, opened.version);
  } catch (const UsageError& error) {
    opened.refusal = error.what();
  }
  return opened;
}

}  // namespace

TrueLibrary::TrueLibrary(const std::string& file, const Settings& settings, std::size_t& version) {
  const InTrueLibrary running;
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw UsageError(fmt::format("none can be loaded ({})", dlerror()));
  static const int kRegistered = std::atexit([] { at_exit = true; });
  static_cast<void>(kRegistered);
  std::size_t (*get_version)();
  find_function(library, "cudnnGetVersion", get_version);
  version = get_version();
  if (version < kFirstWithoutGpu) {
    throw UsageError(fmt::format("{} is installed, and 9.8 is the first that can be asked without a GPU",
                                 version_text(version)));
  }
  find_function(library, "cudnnBackendCreateDescriptor", create_);
  find_function(library, "cudnnBackendSetAttribute", set_);
  find_function(library, "cudnnBackendGetAttribute", get_);
  find_function(library, "cudnnBackendFinalize", finalize_);
  find_function(library, "cudnnBackendDestroyDescriptor", destroy_);
  load_compiler(file);
  describe_device(settings);
}

cudnnStatus_t TrueLibrary::create(int kind, void** descriptor) const {
  const InTrueLibrary running;
  return create_(kind, descriptor);
}

cudnnStatus_t TrueLibrary::set(void* descriptor, int name, int type, std::int64_t count,
                               const void* elements) const {
  const InTrueLibrary running;
  return set_(descriptor, name, type, count, elements);
}

cudnnStatus_t TrueLibrary::get(void* descriptor, int name, int type, std::int64_t requested,
                               std::int64_t* count, void* elements) const {
  const InTrueLibrary running;
  return get_(descriptor, name, type, requested, count, elements);
}

void TrueLibrary::describe_device(const Settings& settings) {
  constexpr int kText = 2702;
  const std::string text = device_text(settings);
  cudnnStatus_t status = create_(kDeviceProperties, &device_);
  if (status == CUDNN_STATUS_SUCCESS) {
    status = set_(device_, kText, kCharacter, static_cast<std::int64_t>(text.size()), text.data());
  }
  if (status == CUDNN_STATUS_SUCCESS) status = finalize_(device_);
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw UsageError(fmt::format("it {}: status {}",
                               is_answer(status) ? "does not take the description of such a GPU"
                                                 : "does not work where there is no GPU",
                               static_cast<int>(status)));
}

cudnnStatus_t TrueLibrary::finalize(int kind, void* descriptor) const {
  const InTrueLibrary running;
  if (const int name = device_attribute_of(kind); name != 0) {
    const cudnnStatus_t status = set_(descriptor, name, kDescriptorPointer, 1, &device_);
    if (status != CUDNN_STATUS_SUCCESS) return status;
  }
  return finalize_(descriptor);
}

void TrueLibrary::destroy(void* descriptor) const {
  const InTrueLibrary running;
  if (!at_exit) static_cast<void>(destroy_(descriptor));
}

AskedCudnn asked_cudnn() {
  Settings settings;
  {
    const CallLock lock;
    if (model().settings.cudnn.empty()) return {};
    settings = model().settings;
  }
  static std::mutex mutex;
  static auto* const all = new std::vector<Opened>;  // one, but for tests
  const std::lock_guard lock(mutex);
  const std::string device = device_text(settings);
  auto found = std::ranges::find_if(*all, [&](const Opened& opened) {
    return opened.setting == settings.cudnn && opened.device == device;
  });
  if (found == all->end()) found = all->insert(all->end(), open(settings));
  const CallLock model_lock;
  GraphsOfCudnn& seen = model().observations.cudnn;
  if (found->library != nullptr) seen.version = version_text(found->version);
  seen.refusal = found->refusal;
  return {found->library.get(), found->version};
}

bool is_answer(cudnnStatus_t status) {
  constexpr int kCategory = 1000;
  constexpr int kBadParameter = 2, kNotSupported = 3;
  // An incompatible driver or runtime, a missing prerequisite or library: of this machine, not of the GPU.
  constexpr std::array kOfTheMachine{3005, 3006, 3008, 3009};
  if (status == CUDNN_STATUS_SUCCESS) return true;
  if (std::ranges::find(kOfTheMachine, static_cast<int>(status)) != kOfTheMachine.end()) return false;
  return status / kCategory == kBadParameter || status / kCategory == kNotSupported;
}

std::string version_text(std::size_t version) {
  constexpr std::size_t kMajor = 10'000, kMinor = 100;
  return fmt::format("{}.{}.{}", version / kMajor, version / kMinor % kMinor, version % kMinor);
}

}  // namespace memsweep::standin
