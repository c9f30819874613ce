#include "harness/standin/control.h"

#include <mutex>
#include <utility>
#include <vector>

#include "harness/standin/driver_model.h"

namespace memsweep::standin {

void reset(std::string_view settings) { replace_model(parse_settings(settings)); }

void set_faults(std::initializer_list<std::string_view> faults) {
  std::vector<Fault> parsed;
  for (const std::string_view fault : faults) parsed.push_back(parse_fault(fault));
  const std::lock_guard lock(model_mutex());
  model().calls.set_faults(std::move(parsed));
}

std::uint64_t calls_of(std::string_view function) {
  const std::lock_guard lock(model_mutex());
  const auto& counts = model().calls.counts();
  const auto found = counts.find(function);
  return found == counts.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t> calls() {
  const std::lock_guard lock(model_mutex());
  const auto& counts = model().calls.counts();
  return {counts.begin(), counts.end()};
}

std::map<std::string, std::size_t> live() {
  const std::lock_guard lock(model_mutex());
  return model().live();
}

}  // namespace memsweep::standin
