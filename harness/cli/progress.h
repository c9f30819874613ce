// One line on stderr that says what is being done, rewritten in place; silent unless stderr is a terminal.
#pragma once

#include <string_view>

namespace memsweep {

class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view line) const;
  void clear() const;

 private:
  bool on_;
};

}  // namespace memsweep
