// Built where there is a CUDA toolkit: the stand-in's headers say what CUDA's do.
#include <gtest/gtest.h>

#include "tests/standin/abi/numbers.h"

namespace memsweep::standin {
namespace {

TEST(StandinAbi, NumbersAndLayoutsAreThoseOfTheToolkit) {
  const Numbers expected = toolkit_numbers();
  for (const auto& [name, number] : standin_numbers()) EXPECT_EQ(number, expected.at(name)) << name;
}

}  // namespace
}  // namespace memsweep::standin
