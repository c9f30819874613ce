#include "harness/program/passes/segment_borders.h"

#include <algorithm>
#include <optional>

namespace memsweep {
namespace {

constexpr std::int32_t kNone = -1;

void add(std::vector<BufferId>& ids, BufferId id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

bool is_forward(Phase phase) { return phase == Phase::forward || phase == Phase::loss; }

class Borders {
 public:
  Borders(const Program& program, std::size_t segments)
      : program_(program), borders_(segments), home_(program.buffers.size()), cached_(home_.size(), false) {
    for (BufferId id : program.cast_cache) cached_[id] = true;
  }

  void note(const Instr& instr, std::int32_t segment) {
    if (!is_forward(instr.phase) && instr.phase != Phase::backward) return;
    for (BufferId id : instr.inputs) read(id, instr.phase, segment);
    for (BufferId id : instr.outputs) {
      const bool dies = program_.buffers[id].lifetime != Lifetime::for_ever;
      if (dies && !home_[id]) home_[id] = {segment, instr.phase};
    }
  }

  std::vector<SegmentBorder> done() && { return std::move(borders_); }

 private:
  /// The segment, or none, and the phase that made a buffer.
  struct Home {
    std::int32_t segment;
    Phase phase;
  };

  /// What autocast keeps of weights belongs to its region, not to those that read it.
  void read(BufferId id, Phase phase, std::int32_t segment) {
    const auto& home = home_[id];
    if (!home || cached_[id] || home->segment == segment) return;
    if (is_forward(phase)) {
      if (segment != kNone) add(border(segment).inputs, id);
      if (home->segment != kNone) add(border(home->segment).outputs, id);
    } else if (segment != kNone && home->phase == Phase::backward) {
      add(border(segment).arriving, id);
    }
  }

  SegmentBorder& border(std::int32_t segment) { return borders_[static_cast<std::size_t>(segment)]; }

  const Program& program_;
  std::vector<SegmentBorder> borders_;
  std::vector<std::optional<Home>> home_;  // by buffer
  std::vector<bool> cached_;               // likewise
};

}  // namespace

std::vector<SegmentBorder> segment_borders(const Program& program,
                                           const std::vector<std::int32_t>& segment_of_block,
                                           std::size_t segments) {
  Borders borders(program, segments);
  for (const Instr& instr : program.step) {
    const bool inside = instr.block != Instr::kNone;
    borders.note(instr, inside ? segment_of_block[static_cast<std::size_t>(instr.block)] : kNone);
  }
  return std::move(borders).done();
}

}  // namespace memsweep
