// Functions of cuBLAS whose result is one number: sums, norms, inner products, indices of extremes.
#include <cublasLt.h>

#include <cstddef>
#include <string_view>

namespace memsweep::standin {

cublasStatus_t give_number(std::string_view function, void* handle, void* result, std::size_t bytes);

namespace {

constexpr std::size_t kFloat = 4, kDouble = 8, kComplex = 8, kDoubleComplex = 16, kIndex = 4;

}  // namespace

extern "C" {

// (handle, count, x, increment, result)
#define MEMSWEEP_OF_ONE(name, bytes)                                       \
  cublasStatus_t name(void* handle, int, const void*, int, void* result) { \
    return give_number(#name, handle, result, bytes);                      \
  }
MEMSWEEP_OF_ONE(cublasSnrm2_v2, kFloat)
MEMSWEEP_OF_ONE(cublasDnrm2_v2, kDouble)
MEMSWEEP_OF_ONE(cublasScnrm2_v2, kFloat)
MEMSWEEP_OF_ONE(cublasDznrm2_v2, kDouble)
MEMSWEEP_OF_ONE(cublasSasum_v2, kFloat)
MEMSWEEP_OF_ONE(cublasDasum_v2, kDouble)
MEMSWEEP_OF_ONE(cublasScasum_v2, kFloat)
MEMSWEEP_OF_ONE(cublasDzasum_v2, kDouble)
MEMSWEEP_OF_ONE(cublasIsamax_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIdamax_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIcamax_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIzamax_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIsamin_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIdamin_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIcamin_v2, kIndex)
MEMSWEEP_OF_ONE(cublasIzamin_v2, kIndex)

// (handle, count, x, increment, y, increment, result)
#define MEMSWEEP_OF_TWO(name, bytes)                                                         \
  cublasStatus_t name(void* handle, int, const void*, int, const void*, int, void* result) { \
    return give_number(#name, handle, result, bytes);                                        \
  }
MEMSWEEP_OF_TWO(cublasSdot_v2, kFloat)
MEMSWEEP_OF_TWO(cublasDdot_v2, kDouble)
MEMSWEEP_OF_TWO(cublasCdotu_v2, kComplex)
MEMSWEEP_OF_TWO(cublasCdotc_v2, kComplex)
MEMSWEEP_OF_TWO(cublasZdotu_v2, kDoubleComplex)
MEMSWEEP_OF_TWO(cublasZdotc_v2, kDoubleComplex)

}  // extern "C"
}  // namespace memsweep::standin
