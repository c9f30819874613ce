#include "harness/trace/snapshot_record.h"

#include <fmt/format.h>

#include <limits>

#include "harness/memory/size_rules.h"

namespace memsweep {

std::string Subject::sentence() const {
  const std::string name = index ? fmt::format("{} {}", what, *index) : std::string(what);
  return part_of == nullptr ? name : fmt::format("{} of {}", name, part_of->sentence());
}

void intern_snapshot_fields(Document& document) {
  for (const std::string_view name : kSnapshotFields) document.intern(name);
}

SnapshotRecord::SnapshotRecord(const Input& input, const Document& document, Value dictionary,
                               const Subject& subject)
    : input_(input), document_(document), subject_(subject) {
  if (dictionary.kind != Value::Kind::dictionary || !document.is_alive(dictionary)) {
    fail(fmt::format("is {}, not a dictionary", description(document.current(dictionary).kind)));
  }
  const std::span<const Value> entries = document.items(dictionary);
  for (std::size_t i = 0; i < entries.size(); i += 2) {
    const Value key = entries[i];
    if (key.kind != Value::Kind::text || key.bits >= values_.size()) continue;
    present_ |= std::uint64_t{1} << key.bits;
    values_[key.bits] = document.current(entries[i + 1]);
  }
}

std::uint64_t SnapshotRecord::natural(SnapshotField field) const {
  const std::uint64_t number = value(field, Value::Kind::natural).bits;
  if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    fail(fmt::format("has {} as {}, where a number below 2^63 is expected", number,
                     kSnapshotFields[static_cast<std::size_t>(field)]));
  }
  return number;
}

std::uint64_t SnapshotRecord::natural(SnapshotField field, std::uint64_t otherwise) const {
  return has(field) ? natural(field) : otherwise;
}

std::int64_t SnapshotRecord::integer(SnapshotField field, std::int64_t otherwise) const {
  if (!has(field)) return otherwise;
  const Value found = value(field);
  const bool fits =
      found.kind == Value::Kind::negative ||
      (found.kind == Value::Kind::natural && found.bits <= std::numeric_limits<std::int64_t>::max());
  if (!fits) fail_kind(field, "a number below 2^63");
  return static_cast<std::int64_t>(found.bits);
}

bool SnapshotRecord::boolean(SnapshotField field, bool otherwise) const {
  return has(field) ? value(field, Value::Kind::boolean).bits != 0 : otherwise;
}

TextId SnapshotRecord::text(SnapshotField field) const {
  return static_cast<TextId>(value(field, Value::Kind::text).bits);
}

std::string_view SnapshotRecord::text(SnapshotField field, std::string_view otherwise) const {
  return has(field) ? document_.text(text(field)) : otherwise;
}

std::span<const Value> SnapshotRecord::list(SnapshotField field) const {
  return document_.items(value(field, Value::Kind::list));
}

PlaceId SnapshotRecord::place(SnapshotField field) const {
  if (!has(field)) return 0;
  const Value place = value(field);
  if (place.kind != Value::Kind::place) fail_kind(field, "a list of frames");
  return static_cast<PlaceId>(place.bits);
}

bool SnapshotRecord::is_private_pool(SnapshotField field) const {
  if (!has(field)) return false;
  const Value id = value(field);
  if (id.kind != Value::Kind::pair) fail_kind(field, "a pair of numbers");
  return id.bits != 0;
}

Value SnapshotRecord::value(SnapshotField field, Value::Kind kind) const {
  const Value found = value(field);
  if (found.kind != kind) fail_kind(field, description(kind));
  return found;
}

void SnapshotRecord::fail_kind(SnapshotField field, std::string_view expected) const {
  const std::string_view name = kSnapshotFields[static_cast<std::size_t>(field)];
  if (!has(field)) fail(fmt::format("has no {}", name));
  fail(fmt::format("has {} as {}, where {} is expected", description(value(field).kind), name, expected));
}

void SnapshotRecord::require_bytes(std::size_t bytes) const {
  if (bytes == 0) fail("has no bytes");
  if (bytes >= kAbsurd) fail(fmt::format("has {} bytes, more than any device has", bytes));
}

void SnapshotRecord::require_memory(Address address, std::size_t bytes) const {
  require_bytes(bytes);
  if (address == 0) fail("begins at address 0, where no device has memory");
  if (address > kAbsurd - bytes) {
    fail(fmt::format("begins at {:#x}: no device has memory beyond 2^60", address));
  }
}

void SnapshotRecord::fail(std::string_view sentence) const {
  input_.fail(fmt::format("{} {}", subject_.sentence(), sentence));
}

}  // namespace memsweep
