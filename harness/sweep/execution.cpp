#include "harness/sweep/execution.h"

#include <algorithm>
#include <utility>

namespace memsweep {
namespace {

/// Recomputation happens inside the backward pass.
Phase outer(Phase phase) { return phase == Phase::recompute ? Phase::backward : phase; }

/// A loss that is made of the one before, as by `loss = loss / 4`, holds the same graph.
bool reads(const Instr& instr, BufferId id) {
  return std::find(instr.inputs.begin(), instr.inputs.end(), id) != instr.inputs.end();
}

void* pointer(Address address) { return reinterpret_cast<void*>(address); }

}  // namespace

Execution::Execution(Device& device, Allocator& allocator, LibraryWorkspaces libraries)
    : device_(device), allocator_(allocator), libraries_(libraries) {}

Execution::~Execution() {
  for (auto* list : {&live_, &borrowed_, &reassigned_, &listed_, &saved_}) {
    for (Live& live : *list) free(live);
  }
  for (auto& [key, live] : cached_) free(live);
}

std::vector<Address> Execution::addresses() const {
  std::vector<Address> list;
  for (const Live& live : live_) list.push_back(live.address);
  for (const auto& [key, live] : cached_) list.push_back(live.address);
  return list;
}

void Execution::set_up(const Schedule& schedule) {
  step_ = updates_ = 0;
  live_.resize(schedule.program.buffers.size());
  saved_.resize(schedule.program.buffers.size());
  run(schedule, schedule.setup);
}

void Execution::step(const Schedule& schedule, std::int64_t number) {
  step_ = number;
  overflowed_.reset();
  run(schedule, schedule.of_step(number, schedule.program.overflow ? updates_ + 1 : number));
}

void Execution::del_all_but(std::span<const BufferId> kept) {
  for (BufferId id = 0; id < live_.size(); ++id) {
    if (std::find(kept.begin(), kept.end(), id) == kept.end()) free(live_[id]);
  }
  for (Live& live : listed_) free(live);
  listed_.clear();
}

void Execution::run(const Schedule& schedule, const std::vector<ScheduledInstr>& list) {
  if (list.empty()) return;
  phase_ = outer(list.front().instr->phase);
  for (const ScheduledInstr& scheduled : list) {
    if (!of_call(schedule.program, *scheduled.instr)) assign(schedule.program);
    enter(outer(scheduled.instr->phase));
    if (instr_begin_) instr_begin_(*scheduled.instr, static_cast<std::size_t>(&scheduled - list.data()));
    run(schedule.program, scheduled);
  }
  assign(schedule.program);
  if (phase_end_) phase_end_(step_, phase_);
}

void Execution::enter(Phase phase) {
  if (phase == phase_) return;
  if (phase_end_) phase_end_(step_, phase_);
  phase_ = phase;
}

bool Execution::skips_update(const Program& program) {
  if (!overflowed_) {
    float found = 0;  // a simulated device has no values, and so no overflow
    if (device_.computes()) device_.read(live_[program.overflow.value()].address, &found, sizeof found);
    overflowed_ = found != 0;
    if (!*overflowed_) ++updates_;
  }
  return *overflowed_;
}

void Execution::run(const Program& program, const ScheduledInstr& scheduled) {
  const Instr& instr = *scheduled.instr;
  if (instr.unless_overflow && skips_update(program)) {
    for (BufferId id : scheduled.deaths) free(live_[id]);
    return;
  }
  inputs_.clear();  // looked up first: a variable that is read may be assigned anew
  for (BufferId id : instr.inputs) inputs_.push_back(pointer(live_[place_of(program, id)].address));
  if (instr.op == Op::release) {
    bury(scheduled);
    return;
  }
  const OpCall call = describe(program, instr);
  const auto workspaces = row_of(instr.op).workspaces(call, device_.profile().multiprocessors);
  borrow(workspaces, true);
  for (BufferId id : scheduled.births) give_birth(program, id);
  if (loss_reassigned_ && reads(instr, program.loss)) loss_reassigned_ = false;
  borrow(workspaces, false);
  outputs_.clear();
  for (BufferId id : instr.outputs) outputs_.push_back(pointer(live_[place_of(program, id)].address));
  device_.execute(call, {inputs_, outputs_, workspaces_, workspace_bytes_});
  const bool outlived = std::any_of(workspaces.begin(), workspaces.end(),
                                    [](const Workspace& workspace) { return workspace.outlives_operands; });
  if (outlived) bury(scheduled);
  give_back(borrowed_.size());
  if (!outlived) bury(scheduled);
}

void Execution::give_birth(const Program& program, BufferId id) {
  const Buffer& buffer = program.buffers[id];
  const Live born = buffer.on_host
                        ? Live{device_.allocate_host(buffer.type.bytes()), 0, buffer.category, true}
                        : allocate(buffer.type.bytes(), buffer.category);
  const BufferId place = place_of(program, id);
  displace(program, place);
  live_[place] = born;
}

void Execution::displace(const Program& program, BufferId id) {
  if (live_[id].address == 0) return;
  const bool held_for_ever = program.buffers[program.loss].lifetime == Lifetime::no_value_ever_dies;
  switch (program.buffers[id].lifetime) {
    case Lifetime::no_value_ever_dies: listed_.push_back(live_[id]); return;
    case Lifetime::with_loss:
      if (held_for_ever) {
        listed_.push_back(live_[id]);
      } else {
        saved_[id] = live_[id];
      }
      return;
    default: reassigned_.push_back(live_[id]);
  }
  if (id == program.loss) loss_reassigned_ = true;
}

bool Execution::of_call(const Program& program, const Instr& instr) const {
  return instr.op == Op::release && !instr.inputs.empty() && outer(instr.phase) == phase_ &&
         program.buffers[instr.inputs.front()].category != Category::weight;
}

void Execution::assign(const Program& program) {
  if (std::exchange(loss_reassigned_, false)) {
    for (BufferId id : program.saved_by_loss) free(held_by_old_loss(program, id));
  }
  for (Live& live : reassigned_) free(live);
  reassigned_.clear();
}

void Execution::bury(const ScheduledInstr& scheduled) {
  for (BufferId id : scheduled.deaths) free(live_[id]);
}

Execution::Live& Execution::held_by_old_loss(const Program& program, BufferId id) {
  const bool made_again = saved_[id].address != 0 || program.buffers[id].lifetime != Lifetime::with_loss;
  return made_again ? saved_[id] : live_[id];
}

OpCall Execution::describe(const Program& program, const Instr& instr) {
  input_types_.clear();
  output_types_.clear();
  for (BufferId id : instr.inputs) input_types_.push_back(program.type(id));
  for (BufferId id : instr.outputs) output_types_.push_back(program.type(id));
  const std::int64_t number = instr.unless_overflow ? updates_ : step_;
  return {instr.op, instr.attributes, input_types_, output_types_, number, program.tf32};
}

Execution::Live Execution::allocate(std::size_t bytes, Category category) {
  Live live{allocator_.allocate(bytes), 0, category};
  if (live.address != 0) live.bytes = allocator_.block_bytes(live.address);
  ledger_.add(static_cast<std::size_t>(category), live.bytes);
  return live;
}

void Execution::free(Live& live) {
  if (live.address == 0) return;
  if (live.on_host) {
    device_.free_host(live.address);
    live = {};
    return;
  }
  allocator_.free(live.address);
  ledger_.remove(static_cast<std::size_t>(live.category), live.bytes);
  live = {};
}

void Execution::borrow(const std::vector<Workspace>& workspaces, bool before_results) {
  if (before_results) {
    workspaces_.clear();
    workspace_bytes_.clear();
  }
  for (const Workspace& workspace : workspaces) {
    if (workspace.before_results != before_results) continue;
    const std::size_t held = borrowed_.size();
    borrow(workspace);
    // A library that keeps its workspace has borrowed nothing that could be given back.
    if (borrowed_.size() > held) give_back(static_cast<std::size_t>(workspace.given_back));
  }
}

void Execution::borrow(const Workspace& workspace) {
  const bool library = workspace.kind == WorkspaceKind::cublas || workspace.kind == WorkspaceKind::cublaslt;
  if (library && libraries_.cached) return borrow_cached(workspace.kind);
  const std::size_t bytes = workspace.kind == WorkspaceKind::cublas     ? libraries_.cublas
                            : workspace.kind == WorkspaceKind::cublaslt ? libraries_.cublaslt
                                                                        : workspace.bytes;
  if (bytes == 0) return;
  borrowed_.push_back(allocate(bytes, Category::workspace));
  lend(borrowed_.back().address, bytes);
}

void Execution::borrow_cached(WorkspaceKind kind) {
  if (libraries_.unified) kind = WorkspaceKind::cublas;
  if (kind == WorkspaceKind::cublaslt && libraries_.lt_makes_cublas) borrow_cached(WorkspaceKind::cublas);
  const Thread thread = phase_ == Phase::backward ? Thread::autograd : Thread::forward;
  Live& live = cached_[{kind, thread}];
  const std::size_t bytes = kind == WorkspaceKind::cublas ? libraries_.cublas : libraries_.cublaslt;
  if (live.address == 0) live = allocate(bytes, Category::workspace);
  lend(live.address, bytes);
}

void Execution::lend(Address address, std::size_t bytes) {
  workspaces_.push_back(pointer(address));
  workspace_bytes_.push_back(bytes);
}

void Execution::give_back(std::size_t count) {
  for (; count > 0; --count) {
    free(borrowed_.back());
    borrowed_.pop_back();
  }
}

}  // namespace memsweep
