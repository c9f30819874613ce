"""Runs recorded cases under the stand-in libraries and prints a line of JSON a case: what was counted.

Usage: pytorch_cases.py GOLDEN_FOLDER < cases, one JSON object a line. To be started with the stand-in's libraries
preloaded. Each case runs in a process of its own, forked once PyTorch has been imported, which takes seconds;
devices and the allocator's settings are read when the first tensor is made.
"""

import json
import os
import sys
import traceback


def row(torch, step, phase):
    """What a line of the recordings holds at the end of a phase; peaks start again."""
    stats = torch.cuda.memory_stats()
    columns = [step, phase]
    for level in ("allocated", "reserved", "requested", "active"):
        columns += [stats.get(f"{level}_bytes.all.{which}", 0) for which in ("current", "peak")]
    columns += [stats.get("num_alloc_retries", 0)]
    columns += [stats.get("allocation.all.allocated", 0), stats.get("segment.all.current", 0)]
    torch.cuda.reset_peak_memory_stats()
    return columns


def run(torch, models, case):
    torch.backends.cudnn.enabled = False  # as in the recordings
    rows = []
    try:
        models.run_case(case, lambda step, phase: rows.append(row(torch, step, phase)))
    except torch.OutOfMemoryError as error:
        after = rows[-1][:2] if rows else None
        at_failure = row(torch, *after) if after else None
        return {"outcome": "oom", "rows": rows, "after": after, "message": str(error), "at_failure": at_failure}
    return {"outcome": "ok", "rows": rows}


def run_in_child(torch, models, case):
    """The case's result, or what ended its process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        major, minor = case["compute_capability"].split(".")
        multiprocessors = 108 if major == "8" else 132
        os.environ["PYTORCH_ALLOC_CONF"] = case["alloc_conf"]
        os.environ["MEMSWEEP_STANDIN"] = (
            f"memory={case['capacity']},capability={major}{minor},multiprocessors={multiprocessors}"
        )
        try:
            result = run(torch, models, case)
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


def main(golden):
    sys.path.insert(0, golden)
    import models
    import torch
    import torch._dynamo  # which the first optimizer would import, in each process for itself

    for line in sys.stdin:
        print(json.dumps(run_in_child(torch, models, json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
