// The functions of cuSPARSELt that hand out text. All that computes is not supported.
namespace memsweep::standin {

extern "C" {

const char* cusparseLtGetErrorName(int status) {
  return status == 0 ? "CUSPARSE_STATUS_SUCCESS" : "CUSPARSE_STATUS_NOT_SUPPORTED";
}

const char* cusparseLtGetErrorString(int status) {
  return status == 0 ? "success" : "operation not supported by the stand-in for cuSPARSELt";
}

}  // extern "C"
}  // namespace memsweep::standin
