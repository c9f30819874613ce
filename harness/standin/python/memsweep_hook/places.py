"""The line of the user's own code that a stack leads to."""

import sys
import threading

from memsweep_hook import forwards

_LIBRARIES = ("site-packages", "dist-packages", "/lib/python", "memsweep_hook", "<frozen")


def _is_own(file):
    return not any(part in file for part in _LIBRARIES) and not file.startswith("<")


def _place(file, line, function):
    return {"file": file, "line": line, "function": function}


def of_frame(frame):
    """The innermost frame of the user's own code; None where there is none."""
    while frame is not None:
        code = frame.f_code
        if _is_own(code.co_filename):
            return _place(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None


def now():
    """Of this thread; where it runs none of the user's code, as PyTorch's backward threads, of the main one."""
    place = of_frame(sys._getframe(1))
    return place or of_frame(sys._current_frames().get(threading.main_thread().ident))


def is_in_module():
    """Whether this thread is in a forward pass."""
    frame = sys._getframe(1)
    while frame is not None:
        if forwards.is_in_module(frame.f_code.co_filename, frame.f_code.co_name):
            return True
        frame = frame.f_back
    return False


def of_traceback(traceback):
    """As of_frame, of an exception's traceback."""
    place = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if _is_own(code.co_filename):
            place = _place(code.co_filename, traceback.tb_lineno, code.co_name)
        traceback = traceback.tb_next
    return place
