#pragma once

#include <map>
#include <string>

namespace memsweep::standin {

using Numbers = std::map<std::string, long long>;

/// By the stand-in's headers and by the toolkit's.
Numbers standin_numbers();
Numbers toolkit_numbers();

}  // namespace memsweep::standin
