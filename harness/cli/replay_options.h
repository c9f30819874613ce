// What `memsweep replay` was asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace memsweep {

struct ReplayOptions {
  std::string file;
  bool check = false;
  bool search = false;
  bool largest = false;
  std::optional<std::string> explained;  // settings to be explained; empty text: those that are given
  std::vector<std::string> alloc_confs;  // each as PYTORCH_CUDA_ALLOC_CONF
  std::optional<std::size_t> capacity;   // bytes
  std::string gpu;                       // a profile's name
  std::string pytorch;                   // release; empty: the recording's
  std::string take_from;                 // with check: a device that takes the same memory; empty: none
  std::optional<std::size_t> device;     // index of the device in a snapshot of several
  std::string format = "table";          // or csv
  bool quiet = false;
};

}  // namespace memsweep
