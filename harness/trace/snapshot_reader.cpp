#include "harness/trace/snapshot_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/base/errors.h"
#include "harness/trace/document.h"
#include "harness/trace/json_document.h"
#include "harness/trace/pickle.h"
#include "harness/trace/places.h"
#include "harness/trace/snapshot_layout.h"
#include "harness/trace/snapshot_record.h"

namespace memsweep {
namespace {

using Field = SnapshotField;

/// Numbers the places anew as they are met and drops those that nothing refers to.
class UsedPlaces {
 public:
  explicit UsedPlaces(const Places& all) : all_(all) {}

  [[nodiscard]] PlaceId number(PlaceId id) {
    if (id == 0) return 0;
    const auto [known, is_new] = numbers_.try_emplace(id, static_cast<PlaceId>(used_.size()));
    if (is_new) used_.push_back(all_[id]);
    return known->second;
  }
  [[nodiscard]] std::vector<Place> take() { return std::move(used_); }

 private:
  const Places& all_;
  std::unordered_map<PlaceId, PlaceId> numbers_;
  std::vector<Place> used_{Place{}};
};

class SnapshotReader final : public Receiver {
 public:
  SnapshotReader(Input& input, const ReadOptions& options) : input_(input), options_(options) {
    intern_snapshot_fields(document_);
    recording_.source = "PyTorch snapshot";
  }

  Recording read(Value (*parse)(Input&, Document&, Receiver&)) {
    const Value root = parse(input_, document_, *this);
    if (root.kind == Value::Kind::dictionary) {
      read_rest(root);
    } else if (root.kind == Value::Kind::list) {
      has_segments_ = true;
      recording_.release = PytorchRelease::v2_11;
    } else {
      input_.fail(fmt::format("the file holds {}, not a memory snapshot", description(root.kind)));
    }
    return recording();
  }

  void take(const ListPath& list, std::size_t index, Value item) override;
  Value reduce(TextId key, Value container) override;

 private:
  [[nodiscard]] static bool is(TextId key, Field field) { return key == static_cast<TextId>(field); }

  void take_all(const ListPath& list, std::span<const Value> items);
  void take_segment(std::size_t number, Value item);
  void take_event(std::size_t device, std::size_t number, Value item);
  [[nodiscard]] std::optional<Event> event_of(const SnapshotRecord& record) const;
  void read_rest(Value root);

  [[nodiscard]] Recording recording();
  [[nodiscard]] std::size_t chosen_device() const;
  void keep_events(std::size_t device);
  void keep_segments(std::size_t device);
  [[nodiscard]] bool is_private_address(std::size_t device, Address address) const;
  void keep_places();

  Input& input_;
  const ReadOptions& options_;
  Document document_;
  Places places_{input_, document_};
  std::vector<std::vector<Event>> events_;  // by device
  std::vector<RecordedSegment> segments_;
  bool has_segments_ = false;
  bool events_name_pools_ = false;
  Recording recording_;
};

void SnapshotReader::take(const ListPath& list, std::size_t index, Value item) {
  // Old snapshots are the list of segments and nothing else.
  if (list.level == 0 || (list.level == 1 && is(list.key, Field::segments))) return take_segment(index, item);
  if (!is(list.key, Field::device_traces)) return;
  if (list.level == 2) return take_event(list.outer, index, item);

  if (item.kind != Value::Kind::list) {
    input_.fail(fmt::format("item {} of device_traces is {}, not a list", index, description(item.kind)));
  }
  if (index >= events_.size()) events_.resize(index + 1);
  take_all({2, list.key, index}, document_.items(item));
}

void SnapshotReader::take_all(const ListPath& list, std::span<const Value> items) {
  for (std::size_t i = 0; i < items.size(); ++i) take(list, i, items[i]);
}

/// Frames are shared by stacks, and stacks by events.
Value SnapshotReader::reduce(TextId key, Value container) {
  const bool is_list = container.kind == Value::Kind::list;
  if (is(key, Field::frames))
    return {is_list ? places_.of_stack(container) : places_.of_frame(container), Value::Kind::place};
  if (!is_list) return container;
  if (is(key, Field::pool_id) || is(key, Field::segment_pool_id)) {  // of JSON: there are no pairs in it
    const std::span<const Value> id = document_.items(container);
    const auto is_natural = [](Value part) { return part.kind == Value::Kind::natural; };
    if (id.size() == 2 && std::ranges::all_of(id, is_natural)) {
      return {(id[0].bits | id[1].bits) != 0, Value::Kind::pair};
    }
  }
  return container;
}

void SnapshotReader::take_segment(std::size_t number, Value item) {
  segments_.push_back(read_segment(input_, document_, item, number));
}

void SnapshotReader::take_event(std::size_t device, std::size_t number, Value item) {
  if (device >= events_.size()) events_.resize(device + 1);
  const Subject trace{"device", device};
  const SnapshotRecord record(input_, document_, item, {"event", number, &trace});
  const std::optional<Event> event = event_of(record);
  if (!event) return;
  events_name_pools_ |= record.has(Field::pool_id);
  if (record.is_private_pool(Field::pool_id) || options_.device.value_or(device) != device) {
    ++recording_.left_out;
  } else {
    events_[device].push_back(*event);
  }
}

std::optional<Event> SnapshotReader::event_of(const SnapshotRecord& record) const {
  const std::optional<Action> action = action_of(document_.text(record.text(Field::action)));
  if (!action) return std::nullopt;
  Event event;
  event.action = *action;
  event.size = record.natural(Field::size);
  if (event.action == Action::oom) {
    event.address = record.natural(Field::device_free, 0);
    record.require_bytes(std::max(event.size, std::size_t{event.address}));
  } else {
    event.address = record.natural(Field::addr);
    record.require_memory(event.address, event.size);
  }
  event.stream = record.natural(Field::stream, 0);
  event.time_us = record.integer(Field::time_us, 0);
  event.place = record.place(Field::frames);
  return event;
}

/// What was not handed over when it was read: the settings, and lists that were written in an unusual way.
void SnapshotReader::read_rest(Value root) {
  const SnapshotRecord record(input_, document_, root, {"the snapshot"});
  has_segments_ = record.has(Field::segments);
  if (!has_segments_ && !record.has(Field::device_traces)) {
    input_.fail("the file holds no memory snapshot: it has neither segments nor device_traces");
  }
  for (const Field field : {Field::segments, Field::device_traces}) {
    if (record.has(field)) take_all({1, static_cast<TextId>(field)}, record.list(field));
  }
  bool is_2_13 = events_name_pools_;
  if (record.has(Field::allocator_settings)) {
    const SnapshotRecord settings(input_, document_, record.dictionary(Field::allocator_settings),
                                  {"allocator_settings"});
    recording_.settings = settings.text(Field::alloc_conf, "");
    is_2_13 |= settings.has(Field::max_round_threshold);
  }
  recording_.release = record.has(Field::host_segments) ? PytorchRelease::v2_15
                       : is_2_13                        ? PytorchRelease::v2_13
                                                        : PytorchRelease::v2_11;
}

Recording SnapshotReader::recording() {
  sort_by_address(input_, segments_);
  const std::size_t device = chosen_device();
  keep_events(device);
  if (has_segments_) keep_segments(device);
  keep_places();
  return std::move(recording_);
}

std::size_t SnapshotReader::chosen_device() const {
  std::size_t devices = events_.size();
  for (const RecordedSegment& segment : segments_) devices = std::max(devices, segment.device + 1);
  if (options_.device) {
    if (*options_.device >= devices) {
      throw UsageError(fmt::format("{} has no device {}: it holds {}", input_.name(), *options_.device,
                                   devices == 0 ? "none" : fmt::format("0 to {}", devices - 1)));
    }
    return *options_.device;
  }
  const auto busiest = std::ranges::max_element(events_, {}, &std::vector<Event>::size);
  if (busiest != events_.end() && !busiest->empty()) {
    return static_cast<std::size_t>(busiest - events_.begin());
  }
  return segments_.empty() ? 0 : segments_.front().device;
}

void SnapshotReader::keep_events(std::size_t device) {
  for (std::size_t other = 0; other < events_.size(); ++other) {
    if (other != device) recording_.left_out += events_[other].size();
  }
  if (device >= events_.size()) return;
  std::vector<Event>& events = recording_.events = std::move(events_[device]);
  if (!events_name_pools_)
    recording_.left_out += std::erase_if(events, [&](const Event& event) {
      return event.action != Action::oom && is_private_address(device, event.address);
    });
}

bool SnapshotReader::is_private_address(std::size_t device, Address address) const {
  const auto position = [](const RecordedSegment& segment) {
    return std::pair(segment.device, segment.layout.address);
  };
  const auto next =
      std::ranges::upper_bound(segments_, std::pair<std::uint64_t, Address>(device, address), {}, position);
  if (next == segments_.begin()) return false;
  const RecordedSegment& segment = *std::prev(next);
  return segment.is_private && segment.device == device &&
         address - segment.layout.address < segment.layout.size;
}

void SnapshotReader::keep_segments(std::size_t device) {
  std::vector<SegmentSnapshot>& kept = recording_.segments.emplace();
  for (RecordedSegment& segment : segments_) {
    if (segment.device != device || segment.is_private) {
      ++recording_.left_out;
      continue;
    }
    kept.push_back(std::move(segment.layout));
    recording_.block_places.insert(segment.block_places.begin(), segment.block_places.end());
  }
}

/// In the order in which write_snapshot writes them.
void SnapshotReader::keep_places() {
  UsedPlaces used(places_);
  if (recording_.segments) {
    for (const SegmentSnapshot& segment : *recording_.segments) {
      for (const BlockSnapshot& block : segment.blocks) {
        const auto place = recording_.block_places.find(block.address);
        if (place != recording_.block_places.end()) place->second = used.number(place->second);
      }
    }
  }
  for (Event& event : recording_.events) event.place = used.number(event.place);
  recording_.places = used.take();
}

Recording read(Input& input, const ReadOptions& options, Value (*parse)(Input&, Document&, Receiver&)) {
  return SnapshotReader(input, options).read(parse);
}

}  // namespace

Recording read_pickled_snapshot(Input& input, const ReadOptions& options) {
  return read(input, options, read_pickle);
}

Recording read_json_snapshot(Input& input, const ReadOptions& options) {
  return read(input, options, read_json);
}

}  // namespace memsweep
