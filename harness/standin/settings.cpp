#include "harness/standin/settings.h"

#include <array>
#include <limits>

#include "harness/base/bytes.h"
#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "harness/standin/error_names.h"

namespace memsweep::standin {
namespace {

/// The text before the first `separator`, which is taken from `rest`; all of it where there is none.
std::string_view take_until(char separator, std::string_view& rest) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

int read_count(std::string_view text) {
  const auto count = parse_number<int>(text);
  if (!count || *count < 1) throw UsageError("\"" + std::string(text) + "\" is not a number from 1 on");
  return *count;
}

/// A number, or on: always.
std::uint64_t read_times(std::string_view text) {
  if (text == "on") return std::numeric_limits<std::uint64_t>::max();
  if (text == "off") return 0;
  return static_cast<std::uint64_t>(read_count(text));
}

double read_share(std::string_view text) {
  const auto share = parse_number<double>(text);
  if (!share || !(*share >= 0 && *share <= 1)) {
    throw UsageError("\"" + std::string(text) + "\" is not a number from 0 to 1");
  }
  return *share;
}

bool read_switch(std::string_view text) {
  if (text != "on" && text != "off") throw UsageError("\"" + std::string(text) + "\" is neither on nor off");
  return text == "on";
}

struct Key {
  std::string_view name;
  void (*read)(Settings&, std::string_view);
};

constexpr std::array kKeys{
    Key{"devices", [](Settings& settings, std::string_view text) { settings.devices = read_count(text); }},
    Key{"memory", [](Settings& settings, std::string_view text) { settings.memory = parse_bytes(text); }},
    Key{"context", [](Settings& settings, std::string_view text) { settings.context = parse_bytes(text); }},
    Key{"others", [](Settings& settings, std::string_view text) { settings.others = parse_bytes(text); }},
    Key{"compute", [](Settings& settings, std::string_view text) { settings.compute = read_switch(text); }},
    Key{"garbage", [](Settings& settings, std::string_view text) { settings.garbage = read_switch(text); }},
    Key{"capability",
        [](Settings& settings, std::string_view text) { settings.capability = read_count(text); }},
    Key{"multiprocessors",
        [](Settings& settings, std::string_view text) { settings.multiprocessors = read_count(text); }},
    Key{"threads", [](Settings& settings, std::string_view text) { settings.threads = read_count(text); }},
    Key{"clock", [](Settings& settings, std::string_view text) { settings.clock = read_count(text); }},
    Key{"memory_clock",
        [](Settings& settings, std::string_view text) { settings.memory_clock = read_count(text); }},
    Key{"temperature",
        [](Settings& settings, std::string_view text) { settings.temperature = read_count(text); }},
    Key{"throttled",
        [](Settings& settings, std::string_view text) { settings.throttled = read_times(text); }},
    Key{"name", [](Settings& settings, std::string_view text) { settings.name = text; }},
    Key{"workspace",
        [](Settings& settings, std::string_view text) { settings.workspace = parse_bytes(text); }},
    Key{"cudnn", [](Settings& settings, std::string_view text) { settings.cudnn = text; }},
    Key{"density", [](Settings& settings, std::string_view text) { settings.density = read_share(text); }},
    Key{"report", [](Settings& settings, std::string_view text) { settings.report = text; }},
    Key{"leaks", [](Settings& settings, std::string_view text) { settings.leaks = read_switch(text); }},
    Key{"fail",
        [](Settings& settings, std::string_view text) { settings.faults.push_back(parse_fault(text)); }},
};

std::string key_names() {
  std::string names;
  for (const Key& key : kKeys) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

void read_key(Settings& settings, std::string_view name, std::string_view value) {
  for (const Key& key : kKeys) {
    if (key.name == name) return key.read(settings, value);
  }
  throw UsageError("\"" + std::string(name) + "\" is none of " + key_names());
}

}  // namespace

Fault parse_fault(std::string_view text) {
  const std::string whole(text);
  Fault fault;
  fault.function = take_until(':', text);
  std::string_view call = take_until(':', text);
  if (fault.function.empty() || call.empty() || text.empty()) {
    throw UsageError("\"" + whole +
                     "\" is not FUNCTION:CALL:ERROR, as in cudaMalloc:3:cudaErrorMemoryAllocation");
  }
  fault.forever = call == "every" || call.back() == '+';
  if (call == "every") call = "1";
  if (call.back() == '+') call.remove_suffix(1);
  fault.call = static_cast<std::uint64_t>(read_count(call));
  fault.error = error_number(text);
  return fault;
}

Settings parse_settings(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    std::string_view entry = take_until(',', text);
    const std::string_view name = take_until('=', entry);
    try {
      read_key(settings, name, entry);
    } catch (const UsageError& error) {
      throw UsageError("MEMSWEEP_STANDIN, " + std::string(name) + ": " + error.what());
    }
  }
  if (settings.context > settings.memory || settings.others > settings.memory - settings.context) {
    throw UsageError("MEMSWEEP_STANDIN: more memory is in use from the beginning than the device has");
  }
  return settings;
}

}  // namespace memsweep::standin
