// A process that is forked before any device was used is one of its own; a sweep forks its scripts so.
#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "harness/base/bytes.h"

namespace memsweep::standin {
namespace {

/// What `work` returned in a forked child.
int in_child(const std::function<int()>& work) {
  const pid_t pid = fork();
  if (pid == 0) _exit(work());
  int state = 0;
  waitpid(pid, &state, 0);
  return WEXITSTATUS(state);
}

std::size_t total_memory() {
  std::size_t free = 0, total = 0;
  return cudaMemGetInfo(&free, &total) == cudaSuccess ? total : 0;
}

TEST(Fork, ChildReadsItsOwnSettingsUnlessItsParentHadUsedADevice) {
  setenv("MEMSWEEP_STANDIN", "memory=1GiB", 1);
  int devices = 0;
  ASSERT_EQ(cudaGetDeviceCount(&devices), cudaSuccess);  // the model is there, and unused
  const auto memory_is = [](const char* setting, std::size_t bytes) {
    return in_child([=] {
      setenv("MEMSWEEP_STANDIN", setting, 1);
      return total_memory() == bytes ? 0 : 1;
    });
  };
  EXPECT_EQ(memory_is("memory=2GiB", 2_GiB), 0);
  EXPECT_EQ(memory_is("memory=3GiB", 3_GiB), 0) << "the second child is as the first";
  ASSERT_EQ(total_memory(), 1_GiB);
  EXPECT_EQ(memory_is("memory=2GiB", 1_GiB), 0) << "what is in use does not change";
}

}  // namespace
}  // namespace memsweep::standin
