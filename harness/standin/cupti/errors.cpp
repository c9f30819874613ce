// The function of CUPTI that hands out text. Nothing is profiled.
namespace memsweep::standin {

extern "C" int cuptiGetResultString(int status, const char** text) {
  *text = status == 0 ? "CUPTI_SUCCESS" : "CUPTI is not installed, and the stand-in for it profiles nothing";
  return 0;
}

}  // namespace memsweep::standin
