// The functions of cuSPARSE that hand out text.
namespace memsweep::standin {

extern "C" {

const char* cusparseGetErrorName(int status) {
  return status == 0 ? "CUSPARSE_STATUS_SUCCESS" : "CUSPARSE_STATUS_NOT_SUPPORTED";
}

const char* cusparseGetErrorString(int status) {
  return status == 0 ? "success" : "operation not supported by the stand-in for cuSPARSE";
}

}  // extern "C"
}  // namespace memsweep::standin
