// The places in code that stack frames of a snapshot lead to.
#pragma once

#include <unordered_map>
#include <vector>

#include "harness/trace/document.h"
#include "harness/trace/input.h"
#include "harness/trace/recording.h"

namespace memsweep {

/// Reduces stacks to one place each: the innermost frame of the user's own Python code; where there is none
/// the innermost one whose file is known; else the innermost one. Numbers places as they are met, from 1.
class Places {
 public:
  Places(const Input& input, const Document& document) : input_(input), document_(document) {}

  /// `frame`: a dictionary; 0 if it says nothing. Throws UsageError.
  [[nodiscard]] PlaceId of_frame(Value frame);

  /// `frames`: a list of what of_frame gave, innermost first; 0 if it is empty. Throws UsageError.
  [[nodiscard]] PlaceId of_stack(Value frames) const;

  [[nodiscard]] Place operator[](PlaceId id) const;

 private:
  struct Frame {
    std::string_view function;
    std::string_view file;
    std::int64_t line = 0;
    friend bool operator==(const Frame&, const Frame&) = default;
  };
  enum class Rank : std::uint8_t { nameless, has_file, users };
  struct Hash {
    std::size_t operator()(const Frame& frame) const noexcept;
  };

  const Input& input_;
  const Document& document_;
  std::unordered_map<Frame, PlaceId, Hash> ids_;  // of texts in the document
  std::vector<Frame> frames_{Frame{}};
  std::vector<Rank> ranks_{Rank::nameless};
};

}  // namespace memsweep
