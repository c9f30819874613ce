#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "harness/base/errors.h"
#include "harness/cli/command_line.h"

int main(int argc, char** argv) {
  try {
    return memsweep::run_command_line(argc, argv);
  } catch (const memsweep::UsageError& error) {
    fmt::print(stderr, "memsweep: {}\n", error.what());
    return 2;
  } catch (const memsweep::DeviceError& error) {
    fmt::print(stderr, "memsweep: {}\n", error.what());
    return 3;
  } catch (const std::exception& error) {
    fmt::print(stderr, "memsweep: internal error: {}\n", error.what());
    return 4;
  }
}
