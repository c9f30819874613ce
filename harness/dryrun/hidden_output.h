// Where the output of a command goes that is not to be seen unless it fails, and what it reads.
#pragma once

#include <string>

namespace memsweep {

/// A file without a name, to which all who have it append.
class HiddenOutput {
 public:
  /// Throws UsageError where there is no room for one.
  HiddenOutput();
  ~HiddenOutput();
  HiddenOutput(const HiddenOutput&) = delete;
  HiddenOutput& operator=(const HiddenOutput&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::string text() const;
  void clear();

 private:
  int descriptor_;
};

class EmptyInput {
 public:
  EmptyInput();
  ~EmptyInput();
  EmptyInput(const EmptyInput&) = delete;
  EmptyInput& operator=(const EmptyInput&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace memsweep
