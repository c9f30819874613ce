"""Runs recorded cases under the stand-in libraries and prints a line of JSON a case: what was counted.

Usage: pytorch_cases.py GOLDEN_FOLDER < cases, one JSON object a line. To be started with the stand-in's libraries
preloaded. Each case runs in a process of its own.
"""

import json
import sys

from forked import in_child


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


def variables(case):
    major, minor = case["compute_capability"].split(".")
    multiprocessors = 108 if major == "8" else 132
    device = f"memory={case['capacity']},capability={major}{minor},multiprocessors={multiprocessors}"
    # By the name that all versions know; the other one is of PyTorch 2.10.
    return {"PYTORCH_CUDA_ALLOC_CONF": case["alloc_conf"], "MEMSWEEP_STANDIN": device}


def main(golden):
    sys.path.insert(0, golden)
    import models
    import torch
    import torch._dynamo  # which the first optimizer would import, in each process for itself

    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(in_child(variables(case), lambda: run(torch, models, case))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
