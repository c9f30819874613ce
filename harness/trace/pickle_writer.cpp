#include "harness/trace/pickle_writer.h"

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "harness/base/errors.h"
#include "harness/trace/pickle_opcodes.h"

namespace memsweep {
namespace {

constexpr std::size_t kBatch = 1000;

/// Bytes that two's complement takes.
int width(std::int64_t value) {
  const std::uint64_t magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  return static_cast<int>(std::bit_width(magnitude)) / 8 + 1;
}

}  // namespace

PickleWriter::PickleWriter(std::ostream& out) : out_(out) {
  opcode(Opcode::proto);
  out_.put(2);
}

void PickleWriter::begin_list() {
  before_value();
  opcode(Opcode::empty_list);
  open_.push_back({.is_list = true});
}

void PickleWriter::end_list() {
  if (open_.back().batched > 0) opcode(Opcode::append_many);
  open_.pop_back();
}

void PickleWriter::begin_dictionary() {
  before_value();
  opcode(Opcode::empty_dict);
  opcode(Opcode::mark);
  open_.push_back({.is_list = false});
}

void PickleWriter::end_dictionary() {
  opcode(Opcode::set_items);
  open_.pop_back();
}

void PickleWriter::text(std::string_view value) {
  before_value();
  write_text(value);
}

void PickleWriter::natural(std::uint64_t value) {
  if (value > std::numeric_limits<std::int64_t>::max()) {
    throw UsageError(fmt::format("a snapshot cannot hold the number {}: its readers know 63 bits", value));
  }
  integer(static_cast<std::int64_t>(value));
}

void PickleWriter::integer(std::int64_t value) {
  before_value();
  write_integer(value);
}

void PickleWriter::real(double value) {
  before_value();
  opcode(Opcode::bin_float);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out_.put(static_cast<char>(bits >> shift & 0xff));
}

void PickleWriter::boolean(bool value) {
  before_value();
  opcode(value ? Opcode::new_true : Opcode::new_false);
}

void PickleWriter::pair(std::uint64_t first, std::uint64_t second) {
  before_value();
  write_integer(static_cast<std::int64_t>(first));
  write_integer(static_cast<std::int64_t>(second));
  opcode(Opcode::tuple2);
}

void PickleWriter::finish() { opcode(Opcode::stop); }

void PickleWriter::before_value() {
  if (open_.empty() || !open_.back().is_list) return;
  std::size_t& batched = open_.back().batched;
  if (batched == kBatch) {
    opcode(Opcode::append_many);
    batched = 0;
  }
  if (batched++ == 0) opcode(Opcode::mark);
}

void PickleWriter::write_text(std::string_view value) {
  constexpr std::uint32_t kShortIds = 256;
  const auto [known, is_new] =
      memo_.try_emplace(std::string(value), static_cast<std::uint32_t>(memo_.size()));
  const bool is_short = known->second < kShortIds;
  if (is_new) {
    opcode(Opcode::bin_unicode);
    write_number(value.size(), 4);
    out_ << value;
    opcode(is_short ? Opcode::bin_put : Opcode::long_bin_put);
  } else {
    opcode(is_short ? Opcode::bin_get : Opcode::long_bin_get);
  }
  write_number(known->second, is_short ? 1 : 4);
}

void PickleWriter::write_integer(std::int64_t value) {
  if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
    opcode(Opcode::bin_int1);
    write_number(static_cast<std::uint64_t>(value), 1);
  } else if (value >= 0 && value <= std::numeric_limits<std::uint16_t>::max()) {
    opcode(Opcode::bin_int2);
    write_number(static_cast<std::uint64_t>(value), 2);
  } else if (value == static_cast<std::int32_t>(value)) {
    opcode(Opcode::bin_int);
    write_number(static_cast<std::uint64_t>(value), 4);
  } else {
    opcode(Opcode::long1);
    write_number(static_cast<std::uint64_t>(width(value)), 1);
    write_number(static_cast<std::uint64_t>(value), width(value));
  }
}

void PickleWriter::write_number(std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out_.put(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace memsweep
