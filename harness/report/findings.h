// What a comparison of two results files has found.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/report/changes.h"
#include "harness/report/matching.h"

namespace memsweep {

struct Comparison {
  std::string report;  // what changed, the worst first; the last line is the verdict
  int status = 0;      // 0: the same or better; 1: worse, or changed where nothing may
};

struct Findings {
  std::vector<Change> changes;
  std::string notes;           // lines
  std::string compared;        // "5 rows and 2 boundaries"
  bool other_machine = false;  // times were not compared for that

  void add(std::vector<Change> more);

  /// What `base` has tried and `next` has not is worse; the other way it is new.
  template <typename AnyRow, typename Name>
  void find_subjects(std::span<const AnyRow> base, std::span<const AnyRow> next, const Name& name) {
    for_each_subject(base, [&](const AnyRow& row) {
      if (find_subject(next, row) == nullptr)
        changes.push_back({Judgement::worse, name(row), "there", "missing"});
    });
    for_each_subject(next, [&](const AnyRow& row) {
      if (find_subject(base, row) == nullptr) notes += fmt::format("new: {}\n", name(row));
    });
  }
};

[[nodiscard]] Comparison conclude(Findings findings);

}  // namespace memsweep
