// Programs that are compiled while a script runs: to nothing, since no kernel is run. The module that is
// loaded of one has every function (harness/standin/cuda/modules.cpp).
#include <string>
#include <vector>

#include "harness/standin/library.h"
#include "harness/standin/library_version.h"

namespace memsweep::standin {
namespace {

constexpr std::string_view kProgram = "nvrtcCreateProgram";
constexpr Library kCompiler{.no_handle = 4, .failed = 11};  // NVRTC_ERROR_INVALID_PROGRAM, …INTERNAL_ERROR
constexpr int kNameUnknown = 10;                            // NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID

struct Program {
  std::vector<std::string> names;
};

/// Of an empty text or an empty image, with the zero byte at its end.
int give_size(std::string_view function, void* program, std::size_t* bytes) {
  return kCompiler.with<Program>(function, kProgram, program, [&](const Program&) { *bytes = 1; });
}

int give_nothing(std::string_view function, void* program, char* text) {
  return kCompiler.with<Program>(function, kProgram, program, [&](const Program&) { *text = '\0'; });
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  *major = runtime_version() / 1000;
  *minor = runtime_version() % 1000 / 10;
  return 0;
}

int nvrtcCreateProgram(void** program, const char*, const char*, int, const char* const*,
                       const char* const*) {
  return kCompiler.create(kProgram, program, Program{});
}

int nvrtcDestroyProgram(void** program) {
  return kCompiler.destroy("nvrtcDestroyProgram", kProgram, *program);
}

int nvrtcCompileProgram(void* program, int, const char* const*) {
  return kCompiler.with<Program>("nvrtcCompileProgram", kProgram, program, [](const Program&) {});
}

int nvrtcAddNameExpression(void* program, const char* name) {
  return kCompiler.with<Program>("nvrtcAddNameExpression", kProgram, program,
                                 [&](Program& held) { held.names.emplace_back(name); });
}

/// The name as it was added: nothing is mangled.
int nvrtcGetLoweredName(void* program, const char* name, const char** lowered) {
  const char* found = nullptr;
  const int status =
      kCompiler.with<Program>("nvrtcGetLoweredName", kProgram, program, [&](const Program& held) {
        for (const std::string& known : held.names) {
          if (known == name) found = known.c_str();
        }
      });
  if (status != 0) return status;
  *lowered = found;
  return found == nullptr ? kNameUnknown : 0;
}

#define MEMSWEEP_COMPILED(size_name, name)                                                           \
  int size_name(void* program, std::size_t* bytes) { return give_size(#size_name, program, bytes); } \
  int name(void* program, char* text) { return give_nothing(#name, program, text); }
MEMSWEEP_COMPILED(nvrtcGetPTXSize, nvrtcGetPTX)
MEMSWEEP_COMPILED(nvrtcGetCUBINSize, nvrtcGetCUBIN)
MEMSWEEP_COMPILED(nvrtcGetProgramLogSize, nvrtcGetProgramLog)

}  // extern "C"
}  // namespace memsweep::standin
