// What running a case gave, as JSON lines in the format of tests/golden/pytorch (its README states it).
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/sweep/phase_run.h"
#include "scenarios/case.h"

namespace memsweep {

/// {"case", "outcome", "rows"}; of an oom also "after", "message" and "at_failure".
[[nodiscard]] nlohmann::ordered_json result_json(const nlohmann::json& one, const PhaseRun& run);

/// {"case", "largest", "trials", "fits", "fails", "tried"} with the runs of both sides of the boundary; of a
/// scan {"case", "runs"}, each run being [first batch, last batch, outcome].
[[nodiscard]] nlohmann::ordered_json search_json(const nlohmann::json& one, const Case& read);

/// {"id", "events", "ops"}: every event of the allocator in order, the ends of phases among them; "ops" names
/// the op that asked for each allocation, by its number.
[[nodiscard]] nlohmann::ordered_json events_json(const std::string& id, const PhaseRun& run);

}  // namespace memsweep
