// Which remedies make a configuration fit a device, or let its batch grow: tried on the simulated device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/device/profile.h"
#include "scenarios/scenario.h"

namespace memsweep {

/// What somebody wants to train: `batch` samples a step, the micro-batches of the loop together.
struct Wish {
  TrainingOptions training;
  std::int64_t batch = 32;
  std::string alloc_conf;
};

struct Remedy {
  std::string_view name;
  std::string_view kind;    // of one kind, one at a time
  std::string_view effect;  // on training: "same bits", "other rounding", "another optimizer"
  /// False where it changes nothing.
  bool (*apply)(Wish& wish);
};

[[nodiscard]] std::span<const Remedy> remedies();

struct Advice {
  std::vector<const Remedy*> remedies;  // none: as it is
  bool fits = false;
  std::size_t peak_bytes = 0;  // of the device, its context included; what it asked for where it does not fit
  double step_seconds = 0;     // modelled; of a device that is large enough where it does not fit
  std::int64_t largest = 0;    // batch that fits
  std::string refusal;         // PyTorch's own words where it does not fit
};

struct Counsel {
  Advice as_it_is;
  /// The quickest first. Where it does not fit as it is, none holds another one that fits; where it does,
  /// each lets the batch grow further than the one before.
  std::vector<Advice> fitting;
  std::size_t tried = 0;
};

/// Throws UsageError for a wish that cannot be built.
[[nodiscard]] Counsel advise(const Wish& wish, const Profile& device);

}  // namespace memsweep
