#include "scenarios/parts/images.h"

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/base/parse.h"
#include "scenarios/parts/spec.h"

namespace memsweep {

ImageSize parse_image_size(std::string_view text) {
  const auto times = text.find('x');
  const std::int64_t height = whole_number("size", text.substr(0, times), kMaxImageSize);
  if (times == std::string_view::npos) return {height, height};
  return {height, whole_number("size", text.substr(times + 1), kMaxImageSize)};
}

std::vector<std::int64_t> parse_list(std::string_view option, std::string_view text, std::int64_t limit) {
  std::vector<std::int64_t> list;
  for (std::string_view rest = text;;) {
    const auto dash = rest.find('-');
    list.push_back(whole_number(option, rest.substr(0, dash), limit));
    if (dash == std::string_view::npos) return list;
    rest.remove_prefix(dash + 1);
  }
}

double parse_momentum(std::string_view text) {
  const auto value = parse_number<double>(text);
  if (value && *value > 0 && *value <= 1) return *value;
  throw UsageError(fmt::format("momentum={} needs a number above 0, at most 1", text));
}

}  // namespace memsweep
