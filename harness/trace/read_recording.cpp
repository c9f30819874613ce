#include "harness/trace/read_recording.h"

#include "harness/trace/input.h"
#include "harness/trace/rmm_log.h"
#include "harness/trace/snapshot_reader.h"

namespace memsweep {

Recording read_recording(const std::filesystem::path& file, const ReadOptions& options) {
  Input input(file);
  return read_recording(input, options);
}

Recording read_recording(Input& input, const ReadOptions& options) {
  constexpr int kPickle = 0x80;  // the opcode PROTO, which every pickle since protocol 2 begins with
  switch (input.peek()) {
    case kPickle: return read_pickled_snapshot(input, options);
    case '{':
    case '[': return read_json_snapshot(input, options);
    case 'T': return read_rmm_log(input);
    case Input::kEnd: input.fail("the file is empty");
    default: break;
  }
  input.fail(
      "this is none of: a memory snapshot of PyTorch (pickle of protocol 2 to 5, or JSON), an allocation log "
      "of "
      "RMM (CSV)");
}

}  // namespace memsweep
