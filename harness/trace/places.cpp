#include "harness/trace/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "harness/trace/snapshot_record.h"

namespace memsweep {
namespace {

constexpr std::array<std::string_view, 5> kLibraryFolders{"/torch/", "site-packages/", "dist-packages/",
                                                          "lib/python", "/memsweep_hook/"};

bool is_own_python(std::string_view file) {
  const auto stands_in = [&](std::string_view folder) { return file.find(folder) != file.npos; };
  return file.ends_with(".py") && !file.starts_with("torch/") &&
         std::ranges::none_of(kLibraryFolders, stands_in);
}

/// PyTorch writes ?? where it knows no file.
bool is_known(std::string_view file) { return !file.empty() && file != "??"; }

}  // namespace

std::size_t Places::Hash::operator()(const Frame& frame) const noexcept {
  const std::hash<std::string_view> hash;
  return (hash(frame.function) * 31 + hash(frame.file)) * 31 + std::hash<std::int64_t>{}(frame.line);
}

PlaceId Places::of_frame(Value frame) {
  const SnapshotRecord record(input_, document_, frame, {"a stack frame"});
  const Frame found{record.text(SnapshotField::name, ""), record.text(SnapshotField::filename, ""),
                    record.integer(SnapshotField::line, 0)};
  if (found == Frame{}) return 0;
  const auto [known, is_new] = ids_.try_emplace(found, static_cast<PlaceId>(frames_.size()));
  if (is_new) {
    frames_.push_back(found);
    ranks_.push_back(is_own_python(found.file) ? Rank::users
                     : is_known(found.file)    ? Rank::has_file
                                               : Rank::nameless);
  }
  return known->second;
}

PlaceId Places::of_stack(Value frames) const {
  PlaceId best = 0;
  for (const Value value : document_.items(frames)) {
    if (value.kind != Value::Kind::place) {
      input_.fail(fmt::format("the frames of a stack hold {}, not a dictionary", description(value.kind)));
    }
    const auto frame = static_cast<PlaceId>(value.bits);
    if (best == 0 || ranks_[frame] > ranks_[best]) best = frame;
  }
  return best;
}

Place Places::operator[](PlaceId id) const {
  const Frame& frame = frames_[id];
  return {std::string(frame.function), std::string(frame.file), frame.line};
}

}  // namespace memsweep
