// The function of NVRTC that hands out text.
namespace memsweep::standin {

extern "C" const char* nvrtcGetErrorString(int status) {
  return status == 0 ? "NVRTC_SUCCESS" : "NVRTC is not installed, and the stand-in for it cannot do this";
}

}  // namespace memsweep::standin
