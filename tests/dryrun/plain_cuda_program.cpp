// A program of CUDA without PyTorch: takes 3 GiB of the device, in pieces of 1 GiB, and fails where they are
// refused.
#include <cstddef>

extern "C" int cudaMalloc(void** pointer, std::size_t bytes);

int main() {
  void* pointer = nullptr;
  for (int i = 0; i < 3; ++i) {
    if (cudaMalloc(&pointer, std::size_t{1} << 30) != 0) return 1;
  }
}
