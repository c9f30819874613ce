// Times, counts and shares as people read them: three significant digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memsweep {

/// "1.23s", "45.6ms", "789us".
[[nodiscard]] std::string format_duration(double seconds);

/// "950", "1.25k", "4.22M", "3.1G".
[[nodiscard]] std::string format_count(double count);

/// "12%" of 0.12.
[[nodiscard]] std::string format_share(double share);

/// "1 row", "2 rows".
[[nodiscard]] std::string plural(std::size_t n, std::string_view one, std::string_view many);

}  // namespace memsweep
