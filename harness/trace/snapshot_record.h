// One dictionary of a memory snapshot, read by the names of its fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/trace/document.h"
#include "harness/trace/input.h"
#include "harness/trace/recording.h"
#include "harness/trace/snapshot_fields.h"

namespace memsweep {

/// What a dictionary describes, for error messages: "block 2 of segment 7", "the snapshot".
struct Subject {
  std::string_view what;
  std::optional<std::size_t> index = {};  // none: there is one only
  const Subject* part_of = nullptr;

  [[nodiscard]] std::string sentence() const;
};

/// Names that mean something in a snapshot, as texts of a document: a field's id is its number.
void intern_snapshot_fields(Document& document);

/// Every accessor throws UsageError if the field is of another kind, and, where it takes no default, if the
/// dictionary lacks the field. Fields that are not known are ignored; None counts as lacking.
class SnapshotRecord {
 public:
  SnapshotRecord(const Input& input, const Document& document, Value dictionary, const Subject& subject);

  [[nodiscard]] bool has(SnapshotField field) const noexcept {
    return value(field).kind != Value::Kind::none;
  }
  /// Below 2^63.
  [[nodiscard]] std::uint64_t natural(SnapshotField field) const;
  [[nodiscard]] std::uint64_t natural(SnapshotField field, std::uint64_t otherwise) const;
  [[nodiscard]] std::int64_t integer(SnapshotField field, std::int64_t otherwise) const;
  [[nodiscard]] bool boolean(SnapshotField field, bool otherwise) const;
  [[nodiscard]] TextId text(SnapshotField field) const;
  [[nodiscard]] std::string_view text(SnapshotField field, std::string_view otherwise) const;
  [[nodiscard]] std::span<const Value> list(SnapshotField field) const;
  [[nodiscard]] Value dictionary(SnapshotField field) const { return value(field, Value::Kind::dictionary); }
  [[nodiscard]] PlaceId place(SnapshotField field) const;
  /// Whether a pool's id is another than that of the default pools.
  [[nodiscard]] bool is_private_pool(SnapshotField field) const;

  // These throw UsageError for what no device has: no bytes or 2^60, and memory at 0 or beyond 2^60.
  void require_bytes(std::size_t bytes) const;
  void require_memory(Address address, std::size_t bytes) const;

  /// Throws UsageError: the sentence tells something about the subject.
  [[noreturn]] void fail(std::string_view sentence) const;

 private:
  [[nodiscard]] Value value(SnapshotField field) const noexcept {
    const auto id = static_cast<std::size_t>(field);
    return (present_ >> id & 1) != 0 ? values_[id] : Value{};
  }
  [[nodiscard]] Value value(SnapshotField field, Value::Kind kind) const;
  [[noreturn]] void fail_kind(SnapshotField field, std::string_view expected) const;

  const Input& input_;
  const Document& document_;
  Subject subject_;
  std::uint64_t present_ = 0;
  std::array<Value, kSnapshotFields.size()> values_;  // those that are present
};

}  // namespace memsweep
