#include "harness/report/repeated.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace memsweep {

void Repeated::add(const ProcessFindings& process, const std::string& what, std::uint64_t count) {
  if (times == 0 && count > 0) place = first_place(process, what);
  times += count;
}

std::optional<Place> first_place(const ProcessFindings& process, const std::string& what) {
  if (!process.pytorch) return std::nullopt;
  const auto found = process.pytorch->firsts.find(what);
  return found == process.pytorch->firsts.end() ? std::nullopt : found->second;
}

std::string first_of(const Repeated& repeated) {
  std::vector<std::string> known;
  if (repeated.place) known.push_back("at " + describe(*repeated.place));
  if (!repeated.after.empty()) known.push_back("after " + repeated.after);
  return known.empty() ? "" : fmt::format(" (the first {})", fmt::join(known, ", "));
}

}  // namespace memsweep
