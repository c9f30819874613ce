"""Writes what was watched into the folder of the report: pytorch-PID.json and snapshot-PID.pickle."""

import contextlib
import gc
import json
import os
import pickle
import sys
import types

from memsweep_hook import forwards, places

LEVELS = {
    "requested": "requested_bytes",
    "allocated": "allocated_bytes",
    "reserved": "reserved_bytes",
    "active": "active_bytes",
}


def _device(watch, index):
    torch, stats = watch.torch, watch.stats(index)
    free, total = torch.cuda.mem_get_info(index)
    return {
        "index": index,
        "peak": {level: watch.peak(index, name) for level, name in LEVELS.items()},
        "now": {level: stats[name]["all"]["current"] for level, name in LEVELS.items()},
        "retries": stats["num_alloc_retries"],
        "ooms": stats["num_ooms"],
        "calls": stats["allocation"]["all"]["allocated"] + stats["allocation"]["all"]["freed"],
        "used": total - free,
        "total": total,
    }


def _error(torch):
    """The exception that ends the script, the shortage behind it where it is one."""
    error = getattr(sys, "last_value", None)
    if error is None:
        return None
    cause = error
    while cause is not None and not isinstance(cause, torch.cuda.OutOfMemoryError):
        cause = cause.__cause__ or cause.__context__
    error = cause or error
    return {
        "type": type(error).__name__,
        "out_of_memory": isinstance(error, torch.cuda.OutOfMemoryError),
        "message": str(error),
        "place": places.of_traceback(error.__traceback__),
    }


@contextlib.contextmanager
def _without_inductor(torch):
    """A snapshot asks TorchInductor for the lines behind generated code, and imports it for that, which takes
    seconds. Where the script has not imported it, there are none."""
    if "torch._inductor" in sys.modules:
        yield
        return
    no_frames = types.SimpleNamespace(stack_frames_for_code=lambda path, line: None)
    torch._inductor = types.SimpleNamespace(codecache=types.SimpleNamespace(PyCodeCache=no_frames))
    try:
        yield
    finally:
        del torch._inductor


@contextlib.contextmanager
def _without_collector():
    """Of many new objects that stay the collector of garbage makes twice the work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _snapshot(torch):
    with _without_inductor(torch), _without_collector():
        return torch.cuda.memory._snapshot()


def write(watch, ended):
    torch = watch.torch
    folder = os.environ["MEMSWEEP_REPORT"]
    content = {
        "pid": watch.pid,
        "argv": sys.argv,
        "version": torch.__version__,
        "ended": ended,
        "error": _error(torch),
        "used_cuda": torch.cuda.is_initialized(),
        "steps": watch.step - 1 + (ended == "steps"),
        "firsts": watch.firsts,
        "devices": [],
    }
    if content["used_cuda"]:
        used = [d for d in range(torch.cuda.device_count()) if watch.stats(d)["allocation"]["all"]["allocated"]]
        content["devices"] = [_device(watch, index) for index in used]
        snapshot = _snapshot(torch)
        content["marks"] = forwards.with_forwards(watch.marks, snapshot["device_traces"], watch.calls())
        content["samples"] = watch.samples
        content["shortages"] = watch.shortages
        with open(os.path.join(folder, f"snapshot-{watch.pid}.pickle"), "wb") as out:
            pickle.dump(snapshot, out, protocol=4)
    temporary = os.path.join(folder, f"pytorch-{watch.pid}.tmp")
    with open(temporary, "w", encoding="utf-8") as out:
        json.dump(content, out)
    os.replace(temporary, os.path.join(folder, f"pytorch-{watch.pid}.json"))
