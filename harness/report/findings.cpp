#include "harness/report/findings.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/report/quantity.h"

namespace memsweep {
namespace {

std::size_t count(const Findings& findings, Judgement judgement) {
  return static_cast<std::size_t>(
      std::count_if(findings.changes.begin(), findings.changes.end(),
                    [&](const Change& change) { return change.judgement == judgement; }));
}

std::string verdict(const Findings& findings) {
  const std::size_t worse = count(findings, Judgement::worse);
  const std::size_t changed = count(findings, Judgement::changed);
  const std::size_t better = count(findings, Judgement::better);
  const std::size_t unknown = count(findings, Judgement::cannot_tell);
  if (worse > 0) {
    return fmt::format(
        "worse: {} for the worse{} and {} for the better in {}", plural(worse, "change", "changes"),
        changed > 0 ? fmt::format(", {} for neither", changed) : "", better, findings.compared);
  }
  if (changed > 0) {
    return fmt::format("changed: {} neither for the better nor for the worse, and {} for the better, in {}",
                       plural(changed, "change", "changes"), better, findings.compared);
  }
  if (better > 0) {
    return fmt::format("better: {} for the better and none for the worse in {}",
                       plural(better, "change", "changes"), findings.compared);
  }
  if (unknown > 0) {
    return fmt::format("same: {}, equal in every byte; {} cannot be judged", findings.compared,
                       plural(unknown, "change of time", "changes of time"));
  }
  return fmt::format("same: {}, equal in every byte", findings.compared);
}

}  // namespace

void Findings::add(std::vector<Change> more) {
  std::move(more.begin(), more.end(), std::back_inserter(changes));
}

Comparison conclude(Findings findings) {
  if (findings.other_machine) findings.notes += "times and results: cannot tell: other machine\n";
  const bool moved = count(findings, Judgement::worse) + count(findings, Judgement::changed) > 0;
  const std::string last = findings.notes + verdict(findings) + "\n";
  return {format_changes(std::move(findings.changes)) + last, moved ? 1 : 0};
}

}  // namespace memsweep
