// The function of NVRTC that hands out text. Nothing is compiled.
namespace memsweep::standin {

extern "C" const char* nvrtcGetErrorString(int status) {
  return status == 0 ? "NVRTC_SUCCESS" : "NVRTC is not installed, and the stand-in for it compiles nothing";
}

}  // namespace memsweep::standin
