#include "harness/dryrun/history.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/bytes.h"
#include "harness/memory/settings.h"
#include "harness/trace/read_recording.h"
#include "harness/trace/recorded_trace.h"
#include "harness/trace/recorded_usage.h"

namespace memsweep {
namespace {

class Owners {
 public:
  Owners(const std::vector<OwnerSample>& samples, std::size_t device, const CallClock& clock) {
    for (const OwnerSample& sample : samples) {
      for (const auto& [category, ranges] : sample.ranges) {
        for (const OwnedRange& range : ranges) {
          found_.emplace(range.address, Found{category, clock.recorded(sample.calls.at(device))});
        }
      }
    }
  }

  /// Who was seen to hold a part of the block while it lived.
  [[nodiscard]] std::optional<std::string> of(const HeldBlock& block) const {
    const auto end = found_.lower_bound(block.address + block.bytes);
    for (auto entry = found_.lower_bound(block.address); entry != end; ++entry) {
      const std::size_t seen = entry->second.calls;
      if (block.born <= seen && (block.died == 0 || seen < block.died)) return entry->second.category;
    }
    return std::nullopt;
  }

 private:
  struct Found {
    std::string category;
    std::size_t calls = 0;
  };
  std::multimap<Address, Found> found_;
};

std::vector<Share> sorted(const std::map<std::string, Share>& shares) {
  std::vector<Share> list;
  for (const auto& [what, share] : shares) {
    list.push_back(share);
    list.back().what = what;
  }
  std::ranges::stable_sort(list, std::greater<>{}, &Share::bytes);
  return list;
}

void add(Share& share, const HeldBlock& block) {
  share.bytes += block.bytes;
  ++share.blocks;
}

std::size_t peak_of(const std::vector<Usage>& usage) {
  return static_cast<std::size_t>(std::ranges::max_element(usage, {}, &Usage::allocated) - usage.begin());
}

/// PyTorch up to 2.14 keeps these sizes for good: of cuBLAS on compute capability 9 and below it, of
/// cuBLASLt.
bool is_workspace(const HeldBlock& block) {
  constexpr std::size_t kSizes[] = {32_MiB, 8'519'680, 1_MiB};
  return block.died == 0 && std::ranges::find(kSizes, block.bytes) != std::end(kSizes);
}

std::string unowned(const std::string& born_in) {
  if (born_in == "forward" || born_in == "between") return "activations and inputs";
  if (born_in == "backward" || born_in == "optimizer") return "temporary in " + born_in;
  return "other";
}

void share_out(History& history, const Recording& recording, const PhaseTable& phases, const Owners& owners,
               std::size_t moment) {
  std::map<std::string, Share> categories, lines;
  std::set<std::pair<std::string, std::size_t>> workspaces;  // one a phase, since each thread has its own
  for (const HeldBlock& block : held_after(recording, moment)) {
    const std::string born_in = phases.at(block.born).phase;
    if (const auto owner = owners.of(block)) {
      add(categories[*owner], block);
    } else if (is_workspace(block) && workspaces.emplace(born_in, block.bytes).second) {
      add(categories["workspaces of cuBLAS"], block);
    } else {
      add(categories[unowned(born_in)], block);
    }
    const Place& place = recording.places[block.place];
    add(lines[place.file.empty() ? "in " + born_in + ", by no line of Python" : describe(place)], block);
  }
  history.categories = sorted(categories);
  history.lines = sorted(lines);
}

}  // namespace

History read_history(const PytorchFindings& findings, std::size_t device) {
  const PytorchDevice& found = findings.devices.at(device);
  const Recording recording = read_recording(findings.snapshot, {.device = found.index});
  History history;
  history.settings = recording.settings;
  history.release = recording.release;
  const RecordedUsage usage =
      usage_of(recording, {history.release, history.settings, capacity_of(recording), {}});
  history.trace = trace_of(recording, parse_settings(history.settings, history.release), usage.flushes);
  if (usage.difference) {
    history.gap =
        fmt::format("the recorded history is not what memsweep's allocator does (event {}: {} instead of {})",
                    usage.difference->event, usage.difference->recorded, usage.difference->replayed);
    return history;
  }
  const std::size_t calls = usage.after.size() - 1;
  if (calls > found.calls || (calls < found.calls && recording.left_out > 0)) {
    history.gap = "a part of memory belongs to CUDA graphs or other private pools, whose history is not read";
    return history;
  }
  if (calls < found.calls) {
    history.gap = fmt::format("PyTorch kept the last {} of {} calls of its allocator", calls, found.calls);
  }
  const CallClock clock{found.calls - calls};
  const PhaseTable phases(findings.marks, found.index, clock);
  const std::vector<std::size_t> shortages = shortages_of(recording);
  history.at_shortage = !shortages.empty() && findings.error && findings.error->out_of_memory;
  const std::size_t moment = history.at_shortage ? shortages.back() : peak_of(usage.after);
  history.usage = usage.after.at(moment);
  const PhaseTable::Phase& phase = phases.at(history.at_shortage ? moment + 1 : moment);
  history.step = phase.step;
  history.phase = phase.phase;
  history.phases = phases.usage(usage.after);
  share_out(history, recording, phases, Owners(findings.samples, found.index, clock), moment);
  return history;
}

}  // namespace memsweep
