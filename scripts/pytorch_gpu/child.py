"""One recorded run on the GPU, in a process of its own: the allocator and cuBLAS's workspaces are new.

Prints "ready" when PyTorch is loaded, then reads a line of JSON {"case", "limit", "slack", "models", "snapshot"} from
stdin, and prints what it measured as a line of JSON. The device is not touched before the line has come.
"""

import ctypes
import gc
import importlib.util
import json
import sys
import time

import torch
import torch._dynamo  # optimizers load it when they are built, which takes seconds

from pytorch_gpu.golden import fraction_of

GRANULE = 2 << 20  # bytes; what the driver hands out device memory in


def load_models(path):
    spec = importlib.util.spec_from_file_location("models", path)
    models = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(models)
    return models


def statistics():
    """The columns of a recorded row after its step and phase."""
    stats = torch.cuda.memory_stats()
    both = [
        stats.get(f"{kind}_bytes.all.{which}", 0)
        for kind in ("allocated", "reserved", "requested", "active")
        for which in ("current", "peak")
    ]
    counts = ["num_alloc_retries", "allocation.all.allocated", "segment.all.current"]
    return both + [stats.get(name, 0) for name in counts]


def load_cudart():
    return ctypes.CDLL(f"libcudart.so.{torch.version.cuda.split('.')[0]}")


def check(error, call):
    if error != 0:
        raise RuntimeError(f"{call} returned CUDA error {error}")


def fill_device(left):
    """Takes device memory until only what is to be left, and less than a granule more, is free."""
    cudart = load_cudart()
    while (excess := torch.cuda.mem_get_info()[0] - left) >= GRANULE:
        taken = ctypes.c_void_p()
        size = ctypes.c_size_t(excess // GRANULE * GRANULE)
        check(cudart.cudaMalloc(ctypes.byref(taken), size), "cudaMalloc")
    if excess < 0:
        raise RuntimeError(f"{-excess} bytes too few are left free")


def warm_up(models, case):
    """Loads every kernel the case needs, then gives back all memory: kernels take room on a full device."""
    models.run_case(case, lambda step, phase: None)
    gc.collect()
    torch._C._cuda_clearCublasWorkspaces()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.reset_accumulated_memory_stats()
    if torch.cuda.memory_reserved() != 0:
        raise RuntimeError(f"{torch.cuda.memory_reserved()} bytes stay reserved after the warm-up")


def impose(limit, slack, models, case):
    if limit == "fraction":
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(fraction_of(case["capacity"], total))
    elif limit == "ballast":
        warm_up(models, case)
        fill_device(case["capacity"] + slack)


def run(case, models):
    """Outcome and rows as results.jsonl and boundaries.jsonl hold them."""
    rows = []

    def mark(step, phase):
        rows.append([step, phase, *statistics()])
        torch.cuda.reset_peak_memory_stats()

    try:
        models.run_case(case, mark)
    except torch.OutOfMemoryError as error:
        after = rows[-1][:2]
        failure = {"after": after, "at_failure": [*after, *statistics()], "message": str(error)}
        return {"outcome": "oom", **failure, "rows": rows}
    return {"outcome": "ok", "rows": rows}


def measure(job):
    torch.backends.cudnn.enabled = False
    models = load_models(job["models"])
    start = time.perf_counter()
    try:
        torch.cuda.init()
        impose(job["limit"], job["slack"], models, job["case"])
        if job["snapshot"]:
            torch.cuda.memory._record_memory_history(context=None, stacks="python")
        measured = run(job["case"], models)
        torch.cuda.synchronize()
        if job["snapshot"]:
            torch.cuda.memory._dump_snapshot(job["snapshot"])
    except RuntimeError as error:
        measured = {"outcome": "error", "message": str(error), "rows": []}
    return {**measured, "seconds": round(time.perf_counter() - start, 2)}


def main():
    print("ready", flush=True)
    print(json.dumps(measure(json.loads(sys.stdin.readline()))), flush=True)


if __name__ == "__main__":
    main()
