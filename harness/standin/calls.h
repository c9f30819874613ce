// Counts the calls of every function, and says which of them are to fail.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/standin/settings.h"

namespace memsweep::standin {

class Calls {
 public:
  void set_faults(std::vector<Fault> faults) {
    faults_ = std::move(faults);
    counts_.clear();
  }

  /// Notes a call of `function`; the error that it is to return instead of doing its work, 0 for none.
  [[nodiscard]] int enter(std::string_view function) {
    auto found = counts_.find(function);
    if (found == counts_.end()) found = counts_.emplace(std::string(function), 0).first;
    const std::uint64_t call = ++found->second;
    for (const Fault& fault : faults_) {
      if (fault.function != function) continue;
      if (call == fault.call || (fault.forever && call > fault.call)) return fault.error;
    }
    return 0;
  }

  /// Since the last set_faults().
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& counts() const { return counts_; }

 private:
  std::vector<Fault> faults_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace memsweep::standin
