#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/errors.h"
#include "harness/device/profile.h"

namespace memsweep {
namespace {

/// Every field of a profile under its name, in the order in which they are written.
template <typename AnyProfile, typename Visit>
void for_each_field(AnyProfile& p, Visit visit) {
  visit("name", p.name);
  visit("source", p.source);
  visit("compute_capability", p.compute_capability);
  visit("multiprocessors", p.multiprocessors.count);
  visit("threads_per_multiprocessor", p.multiprocessors.threads_each);
  visit("memory_bytes", p.memory_bytes);
  visit("context_bytes", p.context_bytes);
  visit("bandwidth", p.bandwidth);
  visit("f32_rate", p.f32_rate);
  visit("tf32_rate", p.tf32_rate);
  visit("f16_rate", p.f16_rate);
  visit("bf16_rate", p.bf16_rate);
  visit("bandwidth_share", p.bandwidth_share);
  visit("product_share", p.product_share);
  visit("link_bandwidth", p.link_bandwidth);
  visit("launch_seconds", p.launch_seconds);
}

void require(bool holds, std::string_view field, std::string_view rule) {
  if (!holds) throw UsageError(fmt::format("the field '{}' must be {}", field, rule));
}

template <typename T>
T value_of(const nlohmann::json& json, std::string_view field) {
  if constexpr (std::is_integral_v<T>) {
    constexpr auto kHighest = std::numeric_limits<T>::max();
    const bool fits = json.is_number_unsigned() && std::in_range<T>(json.get<std::uint64_t>());
    require(fits, field, fmt::format("a whole number from 0 to {}", kHighest));
  } else if constexpr (std::is_floating_point_v<T>) {
    require(json.is_number(), field, "a number");
  } else {
    require(json.is_string(), field, "a text");
  }
  return json.get<T>();
}

/// Takes a field out of the object, so that what is left over was not known.
template <typename T>
void take(nlohmann::json& object, std::string_view field, T& value) {
  const auto found = object.find(field);
  if (found == object.end()) throw UsageError(fmt::format("the field '{}' is missing", field));
  value = value_of<T>(*found, field);
  object.erase(found);
}

/// Rows and folders of results bear the name.
void check_name(const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  require(!name.empty() && name.find_first_not_of(kLetters) == std::string::npos, "name",
          "of the letters a-z, digits, '.' and '-'");
}

void check_new_name(const std::string& name) {
  for (const Profile& profile : profiles()) {
    require(profile.name != name, "name", fmt::format("another than '{}', which is built in", name));
  }
}

void check(const Profile& p) {
  check_name(p.name);
  require(p.context_bytes < p.memory_bytes, "context_bytes", "below memory_bytes");
  require(p.bandwidth > 0, "bandwidth", "above 0");
  require(p.f32_rate > 0, "f32_rate", "above 0");
  require(p.tf32_rate > 0, "tf32_rate", "above 0");
  require(p.f16_rate > 0, "f16_rate", "above 0");
  require(p.bf16_rate > 0, "bf16_rate", "above 0");
  require(p.bandwidth_share > 0 && p.bandwidth_share <= 1, "bandwidth_share", "above 0 and at most 1");
  require(p.product_share > 0 && p.product_share <= 1, "product_share", "above 0 and at most 1");
  require(p.link_bandwidth > 0, "link_bandwidth", "above 0");
  require(p.launch_seconds >= 0, "launch_seconds", "at least 0");
}

Profile from_json(nlohmann::json object) {
  if (!object.is_object()) throw UsageError("a profile is a JSON object");
  Profile p;
  for_each_field(p, [&](std::string_view field, auto& value) { take(object, field, value); });
  if (!object.empty())
    throw UsageError(fmt::format("there is no field '{}' in a profile", object.begin().key()));
  check(p);
  return p;
}

}  // namespace

std::string profile_text(const Profile& profile) {
  nlohmann::ordered_json object;
  for_each_field(profile, [&](std::string_view field, const auto& value) { object[field] = value; });
  return object.dump(2) + "\n";
}

Profile parse_profile(std::string_view text) {
  try {
    return from_json(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("no JSON: {}", error.what()));
  }
}

Profile read_profile(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw UsageError(fmt::format("cannot read the profile {}", file.string()));
  try {
    Profile profile = parse_profile(std::string(std::istreambuf_iterator<char>(in), {}));
    check_new_name(profile.name);
    return profile;
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace memsweep
