// The one loop: allocate what is born, execute, free what has died.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/device/device.h"
#include "harness/memory/allocator.h"
#include "harness/memory/ledger.h"
#include "harness/program/schedule.h"
#include "harness/sweep/library_workspaces.h"

namespace memsweep {

/// The life of one program's buffers on a device. Running out of memory leaves it as OutOfMemory with
/// everything still in place, to be looked at; the destructor frees all.
class Execution {
 public:
  /// Told at the end of each phase of a step, recomputation being part of `backward`. Set-up is step 0.
  using PhaseEnd = std::function<void(std::int64_t step, Phase phase)>;
  /// Told before an instruction's buffers are allocated; `index` is its place in the list that is run.
  using InstrBegin = std::function<void(const Instr& instr, std::size_t index)>;

  Execution(Device& device, Allocator& allocator, LibraryWorkspaces libraries);
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  void on_phase_end(PhaseEnd observer) { phase_end_ = std::move(observer); }
  void on_instruction(InstrBegin observer) { instr_begin_ = std::move(observer); }

  void set_up(const Schedule& schedule);
  /// Steps count from 1. A later step may be of another batch, if it is the same program otherwise.
  void step(const Schedule& schedule, std::int64_t number);

  /// `del` of all variables but `kept`: between steps, all that lives but what libraries cache.
  void del_all_but(std::span<const BufferId> kept);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  /// Where a live buffer lies.
  [[nodiscard]] Address address(BufferId id) const { return live_[id].address; }
  /// Where everything lies that is live, in an order that does not change.
  [[nodiscard]] std::vector<Address> addresses() const;

  /// Updates of weights so far, of a program that skips those whose gradients overflow.
  [[nodiscard]] std::int64_t updates() const { return updates_; }
  /// How far it has come: what an out-of-memory row says.
  [[nodiscard]] std::int64_t current_step() const { return step_; }
  [[nodiscard]] Phase current_phase() const { return phase_; }

 private:
  struct Live {
    Address address = 0;
    std::size_t bytes = 0;  // of the block, rounding included
    Category category = Category::temporary;
    bool on_host = false;
  };
  enum class Thread : std::uint8_t { forward, autograd };

  void run(const Schedule& schedule, const std::vector<ScheduledInstr>& list);
  void run(const Program& program, const ScheduledInstr& scheduled);
  /// Whether this step's gradients overflowed; asked of the device once a step, which counts the updates.
  [[nodiscard]] bool skips_update(const Program& program);
  /// What an instruction asks the device for; valid until the next one.
  [[nodiscard]] OpCall describe(const Program& program, const Instr& instr);
  void give_birth(const Program& program, BufferId id);
  /// Sets a value aside for whoever still holds it, since a new one takes its place.
  void displace(const Program& program, BufferId id);
  void bury(const ScheduledInstr& scheduled);
  /// Whether the call whose value a variable takes still lets go of its arguments. What autocast's region
  /// lets go of, casts of weights, comes after that.
  [[nodiscard]] bool of_call(const Program& program, const Instr& instr) const;
  /// Binds names to the values of the call that is over: what they held dies.
  void assign(const Program& program);
  /// The value that the graph of the loss before holds: set aside, or in place if none was made since.
  [[nodiscard]] Live& held_by_old_loss(const Program& program, BufferId id);
  [[nodiscard]] Live allocate(std::size_t bytes, Category category);
  void free(Live& live);
  /// Those that are due before, or after, the results are allocated.
  void borrow(const std::vector<Workspace>& workspaces, bool before_results);
  void borrow(const Workspace& workspace);
  void borrow_cached(WorkspaceKind kind);
  void lend(Address address, std::size_t bytes);
  /// The last that were borrowed.
  void give_back(std::size_t count);
  void enter(Phase phase);

  Device& device_;
  Allocator& allocator_;
  LibraryWorkspaces libraries_;
  Ledger ledger_;
  PhaseEnd phase_end_;
  InstrBegin instr_begin_;
  std::int64_t step_ = 0;
  std::int64_t updates_ = 0;  // steps that were not skipped, of a program that may skip some
  std::optional<bool> overflowed_;
  Phase phase_ = Phase::setup;

  std::vector<Live> live_;  // by buffer; address 0: not alive
  std::map<std::pair<WorkspaceKind, Thread>, Live> cached_;
  std::vector<Live> borrowed_;    // by the instruction that runs
  std::vector<Live> reassigned_;  // values of variables that die when the new ones have been made
  std::vector<Live> listed_;      // those that live on in a list
  std::vector<Live> saved_;       // by buffer: those that the loss of the step before holds
  bool loss_reassigned_ = false;  // by the call that runs

  // Operands of the instruction that runs; members so that their memory is used again.
  std::vector<TensorType> input_types_, output_types_;
  std::vector<void*> inputs_, outputs_, workspaces_;
  std::vector<std::size_t> workspace_bytes_;
};

}  // namespace memsweep
