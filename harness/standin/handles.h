// What callers hold by a handle and must give back: streams, events, descriptors.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace memsweep::standin {

/// Owns the objects behind handles. A handle is the object's address; `maker` names the function that makes
/// objects of its type ("cudaStreamCreate"), one type a name.
class Handles {
 public:
  template <class Object>
  Object* create(std::string_view maker, Object object) {
    const auto owner = std::make_shared<Object>(std::move(object));
    own(maker, owner);
    return owner.get();
  }

  void own(std::string_view maker, const std::shared_ptr<void>& object) {
    objects_.emplace(object.get(), Entry{std::string(maker), object});
  }

  /// Whether `handle` is one that `maker` made and nobody destroyed.
  [[nodiscard]] bool holds(std::string_view maker, const void* handle) const {
    const auto found = objects_.find(handle);
    return found != objects_.end() && found->second.maker == maker;
  }

  /// False where it is no such handle.
  bool destroy(std::string_view maker, const void* handle) {
    return holds(maker, handle) && objects_.erase(handle) == 1;
  }

  /// Calls `visit(object)` with everything that `maker` made.
  template <class Object, class Visit>
  void for_each(std::string_view maker, Visit visit) const {
    for (const auto& [handle, entry] : objects_) {
      if (entry.maker == maker) visit(*static_cast<Object*>(entry.object.get()));
    }
  }

  /// Adds how many of each there are.
  void count_live(std::map<std::string, std::size_t>& live) const {
    for (const auto& [handle, entry] : objects_) ++live[entry.maker];
  }

 private:
  struct Entry {
    std::string maker;
    std::shared_ptr<void> object;
  };
  std::map<const void*, Entry> objects_;
};

}  // namespace memsweep::standin
