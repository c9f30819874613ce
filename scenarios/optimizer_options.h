// What an optimizer can be told, by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace memsweep {

/// The ways to write one optimizer; they differ in their transient memory.
enum class Implementation : std::uint8_t {
  foreach,   // PyTorch's default on a GPU, mostly: each operation over the list of all parameters
  for_loop,  // all operations on one parameter after the other
  fused,     // one kernel
};
[[nodiscard]] std::string_view name_of(Implementation implementation);

/// The values that an option may have.
enum class Values : std::uint8_t { at_least_0, from_0_below_1, from_0_to_1, at_most_0, at_least_1, flag };

/// Names and defaults are torch.optim's, except that lr is 0.01 wherever torch.optim has 0.001 or 0.002.
struct OptimizerOption {
  std::string_view name;
  double standard;  // a flag's is 0 or 1
  Values values = Values::at_least_0;
};

/// The options of one optimizer with their values.
class OptimizerOptions {
 public:
  /// The options must outlive this; there must be an implementation, and the first is the default.
  OptimizerOptions(std::span<const OptimizerOption> options, std::span<const Implementation> implementations);

  /// Throws std::logic_error for an option that the optimizer does not have.
  [[nodiscard]] double operator[](std::string_view name) const;
  [[nodiscard]] bool on(std::string_view flag) const { return (*this)[flag] != 0; }
  [[nodiscard]] Implementation implementation() const { return implementation_; }

  /// Reads "lr=0.1,nesterov=true,implementation=fused"; `optimizer` is its name, for sentences. Throws
  /// UsageError with a sentence for what is no option, or no value of it.
  void read(std::string_view optimizer, std::string_view text);

  /// Every name that read() knows.
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  void read_item(std::string_view optimizer, std::string_view item);
  void choose_implementation(std::string_view optimizer, std::string_view value);

  std::span<const OptimizerOption> options_;
  std::span<const Implementation> implementations_;
  std::vector<double> values_;  // as options_
  Implementation implementation_;
};

}  // namespace memsweep
