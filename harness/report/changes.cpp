#include "harness/report/changes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/report/table.h"

namespace memsweep {
namespace {

constexpr std::size_t kMostShown = 40;
constexpr std::array kJudgements{Judgement::worse, Judgement::changed, Judgement::better,
                                 Judgement::cannot_tell};
constexpr std::array kTitles{"worse", "changed", "better", "cannot tell"};

}  // namespace

std::string format_changes(std::vector<Change> changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.judgement < b.judgement; });
  const std::size_t hidden = changes.size() - std::min(changes.size(), kMostShown);
  changes.resize(changes.size() - hidden);

  std::string text;
  for (std::size_t i = 0; i < kJudgements.size(); ++i) {
    std::vector<std::vector<std::string>> records{{kTitles[i], "base", "new", "change", "because"}};
    for (const Change& c : changes) {
      if (c.judgement == kJudgements[i]) records.push_back({c.what, c.base, c.next, c.difference, c.because});
    }
    if (records.size() > 1) text += format_table(records) + "\n";
  }
  if (hidden > 0) text += fmt::format("and {} more\n\n", hidden);
  return text;
}

}  // namespace memsweep
