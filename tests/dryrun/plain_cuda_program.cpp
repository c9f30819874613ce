// A program of CUDA without PyTorch: takes three pieces of the device, of 1 GiB or as many bytes as it is
// told, and fails where they are refused.
#include <cstddef>
#include <cstdlib>

extern "C" int cudaMalloc(void** pointer, std::size_t bytes);

int main(int argc, char** argv) {
  const std::size_t bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t{1} << 30;
  void* pointer = nullptr;
  for (int i = 0; i < 3; ++i) {
    if (cudaMalloc(&pointer, bytes) != 0) return 1;
  }
}
