"""Runs of PyTorch in processes that are forked once it has been imported, which takes seconds."""

import json
import os
import traceback


def in_child(variables, run):
    """What `run` returns as JSON in a process of its own with these variables of the environment, or {"outcome": what
    ended it}. Devices and the allocator's settings are read when the first tensor is made."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.environ.update(variables)
        try:
            result = run()
        except BaseException as error:
            result = {"outcome": "".join(traceback.format_exception_only(error)).strip()}
        with os.fdopen(writing, "w") as pipe:
            json.dump(result, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return json.loads(text) if text else {"outcome": f"ended with exit status {status}"}
