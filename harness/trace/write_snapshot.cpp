#include "harness/trace/write_snapshot.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "harness/base/errors.h"
#include "harness/memory/settings.h"
#include "harness/trace/json_writer.h"
#include "harness/trace/pickle_writer.h"

namespace memsweep {
namespace {

std::string_view name_of(BlockState state) {
  switch (state) {
    case BlockState::live: return "active_allocated";
    case BlockState::pending: return "active_pending_free";
    case BlockState::free:
    case BlockState::unmapped: break;
  }
  return "inactive";
}

/// Names and order of the fields: torch.cuda.memory._snapshot() of PyTorch 2.11 to 2.15. What the allocator
/// does not know about (host memory, graph capture, compilation) has the value that it has where it is
/// unused.
template <typename Writer>
class SnapshotWriter {
 public:
  SnapshotWriter(const Recording& recording, Writer& writer) : recording_(recording), writer_(writer) {}

  void write() {
    writer_.begin_dictionary();
    if (recording_.segments) {
      list("segments", *recording_.segments, [this](const SegmentSnapshot& segment) { write(segment); });
    }
    writer_.key("device_traces");
    writer_.begin_list();
    writer_.begin_list();
    for (const Event& event : recording_.events) write(event);
    writer_.end_list();
    writer_.end_list();
    writer_.key("allocator_settings");
    write_settings(parse_settings(recording_.settings, recording_.release));
    empty_list("external_annotations");
    if (recording_.release >= PytorchRelease::v2_15) {
      empty_list("host_segments");
      empty_list("host_traces");
    }
    writer_.end_dictionary();
    writer_.finish();
  }

 private:
  template <typename Items, typename WriteItem>
  void list(std::string_view key, const Items& items, WriteItem write_item) {
    writer_.key(key);
    writer_.begin_list();
    for (const auto& item : items) write_item(item);
    writer_.end_list();
  }
  void empty_list(std::string_view key) {
    list(key, std::array<int, 0>{}, [](int) {});
  }
  void natural(std::string_view key, std::uint64_t value) {
    writer_.key(key);
    writer_.natural(value);
  }
  void integer(std::string_view key, std::int64_t value) {
    writer_.key(key);
    writer_.integer(value);
  }
  void text(std::string_view key, std::string_view value) {
    writer_.key(key);
    writer_.text(value);
  }
  void boolean(std::string_view key, bool value) {
    writer_.key(key);
    writer_.boolean(value);
  }
  void default_pool(std::string_view key) {
    writer_.key(key);
    writer_.pair(0, 0);
  }

  void write(const SegmentSnapshot& segment) {
    writer_.begin_dictionary();
    natural("device", 0);
    natural("address", segment.address);
    natural("total_size", segment.size);
    natural("allocated_size", segment.allocated);
    natural("active_size", segment.active);
    natural("requested_size", segment.requested);
    natural("stream", segment.stream);
    text("segment_type", segment.pool == PoolKind::small ? "small" : "large");
    default_pool("segment_pool_id");
    boolean("is_expandable", segment.expandable);
    empty_list("frames");
    list("blocks", segment.blocks, [this](const BlockSnapshot& block) { write(block); });
    writer_.end_dictionary();
  }

  void write(const BlockSnapshot& block) {
    const auto place = recording_.block_places.find(block.address);
    writer_.begin_dictionary();
    natural("address", block.address);
    natural("size", block.size);
    natural("requested_size", block.requested);
    text("state", name_of(block.state));
    write_frames(block.state == BlockState::live && place != recording_.block_places.end() ? place->second
                                                                                           : 0);
    writer_.end_dictionary();
  }

  void write_frames(PlaceId id) {
    writer_.key("frames");
    writer_.begin_list();
    if (id != 0) {
      const Place& place = recording_.places[id];
      writer_.begin_dictionary();
      text("name", place.function);
      text("filename", place.file);
      integer("line", place.line);
      writer_.end_dictionary();
    }
    writer_.end_list();
  }

  /// Without frames where none are known, as PyTorch does where it was not told to record them.
  void write(const Event& event) {
    writer_.begin_dictionary();
    text("action", name_of(event.action));
    natural(event.action == Action::oom ? "device_free" : "addr", event.address);
    natural("size", event.size);
    natural("stream", event.stream);
    integer("time_us", event.time_us);
    text("compile_context", "N/A");
    text("user_metadata", "");
    if (recording_.release >= PytorchRelease::v2_13) default_pool("pool_id");
    if (event.place != 0) write_frames(event.place);
    writer_.end_dictionary();
  }

  void write_settings(const AllocatorSettings& settings) {
    writer_.begin_dictionary();
    text("PYTORCH_CUDA_ALLOC_CONF", recording_.settings);
    integer("max_split_size", std::bit_cast<std::int64_t>(settings.max_split_size));
    writer_.key("garbage_collection_threshold");
    writer_.real(settings.garbage_collection_threshold);
    boolean("expandable_segments", settings.expandable_segments);
    natural("pinned_num_register_threads", 1);
    boolean("release_lock_on_cudamalloc", false);
    boolean("pinned_use_cuda_host_register", false);
    boolean("graph_capture_record_stream_reuse", false);
    if (recording_.release >= PytorchRelease::v2_13) {
      integer("max_round_threshold", -1);
      integer("max_cached_size", -1);
    }
    writer_.key("roundup_power2_divisions");
    writer_.begin_dictionary();
    for (std::size_t i = 0; i < settings.roundup_divisions.size(); ++i) {
      natural(std::to_string(std::size_t{1} << i), settings.roundup_divisions[i]);
    }
    writer_.end_dictionary();
    writer_.end_dictionary();
  }

  const Recording& recording_;
  Writer& writer_;
};

template <typename Writer>
void write(const Recording& recording, std::ostream& out) {
  Writer writer(out);
  SnapshotWriter(recording, writer).write();
}

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw UsageError(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
}

/// A file that is there only once it is complete.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& file)
      : file_(file), part_(file.string() + ".part"), out_(part_, std::ios::binary | std::ios::trunc) {
    if (!out_) fail(file_);
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() {
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }

  [[nodiscard]] std::ostream& stream() noexcept { return out_; }

  void complete() {
    out_.close();
    if (!out_) fail(file_);
    std::error_code error;
    std::filesystem::rename(part_, file_, error);
    if (error) throw UsageError(fmt::format("cannot write {}: {}", file_.string(), error.message()));
  }

 private:
  std::filesystem::path file_;
  std::filesystem::path part_;
  std::ofstream out_;
};

}  // namespace

void write_snapshot(const Recording& recording, const std::filesystem::path& file) {
  OutputFile output(file);
  if (file.extension() == ".json") {
    write<JsonWriter>(recording, output.stream());
  } else {
    write<PickleWriter>(recording, output.stream());
  }
  output.complete();
}

}  // namespace memsweep
