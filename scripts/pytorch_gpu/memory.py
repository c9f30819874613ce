"""Runs every recording on the GPU, side by side where they cannot disturb each other: memory.csv."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import threading

from pytorch_gpu import compare, golden
from pytorch_gpu.tables import JsonLines, Table, say

COLUMNS = (
    "part id batch limit verdict cells_differing step phase column recorded measured "
    "peak_allocated_recorded peak_allocated_measured peak_reserved_recorded peak_reserved_measured note"
).split()
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
CONTEXT = 1 << 30  # bytes; room for what a process takes beside PyTorch's tensors
SHARE = 0.9  # of the card's memory that processes running side by side may take together
SECONDS = 120  # after which a run is given up


class Room:
    """Device memory shared by the processes that run at a time."""

    def __init__(self, total):
        self.free = self.total = total
        self.changed = threading.Condition()

    def take(self, size):
        with self.changed:
            self.changed.wait_for(lambda: self.free >= size)
            self.free -= size

    def give(self, size):
        with self.changed:
            self.free += size
            self.changed.notify_all()


def why_not(run, device):
    """The reason why this card cannot stand for the recorded one; empty where it can."""
    wanted = run.case["compute_capability"]
    if wanted != device["compute_capability"]:
        return f"recorded for compute capability {wanted}"
    if run.peak_reserved + CONTEXT > device["total_memory"]:
        return f"took {run.peak_reserved} bytes"
    return ""


def size_of(run, limit, room):
    """A full device is nobody else's."""
    if limit == "ballast":
        return room.total
    return min(min(run.capacity, run.peak_reserved) + CONTEXT, room.total)


def snapshot_file(run, folder):
    """Empty where none is wanted, or none can be had."""
    if folder is None or golden.ASYNC in run.case["alloc_conf"]:
        return ""
    return str(folder / f"{run.part}-{run.id}-{run.case['batch']}.pickle")


def start(run):
    environment = {**os.environ, "PYTORCH_CUDA_ALLOC_CONF": run.case["alloc_conf"]}
    environment.pop("PYTORCH_ALLOC_CONF", None)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "pytorch_gpu.child"]
    return subprocess.Popen(command, cwd=SCRIPTS, env=environment, text=True, **pipes)


def measure(run, limit, job, snapshots, room):
    """Starts the run's process, which waits, PyTorch loaded, until there is room for it."""
    child = start(run)
    child.stdout.readline()
    size = size_of(run, limit, room)
    room.take(size)
    try:
        job = {**job, "case": run.case, "limit": limit, "snapshot": snapshot_file(run, snapshots)}
        out, errors = child.communicate(json.dumps(job) + "\n", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        out, errors = child.communicate()
    finally:
        room.give(size)
    if child.returncode != 0:
        message = f"ended with {child.returncode}: {''.join(errors.strip().splitlines()[-1:])}"
        return {"outcome": "error", "message": message, "rows": []}
    return json.loads(out)


def verdict_row(run, limit, measured):
    found = list(compare.differences(run.expected, measured))
    first = vars(found[0]) if found else {}
    recorded_rows = run.expected.get("rows", [])
    return {
        "part": run.part,
        "id": run.id,
        "batch": run.case["batch"],
        "limit": limit,
        "verdict": "differs" if found else "equal",
        "cells_differing": len(found),
        **first,
        "peak_allocated_recorded": compare.peak(recorded_rows, "peak_allocated"),
        "peak_allocated_measured": compare.peak(measured["rows"], "peak_allocated"),
        "peak_reserved_recorded": compare.peak(recorded_rows, "peak_reserved"),
        "peak_reserved_measured": compare.peak(measured["rows"], "peak_reserved"),
        "note": measured.get("message", "").partition("\n")[0] if found else "",
    }


def compare_recordings(folder, out, device, workers, only, slack, snapshots):
    """Returns how many runs came out equal, different and not run.

    slack: bytes left free beyond the capacity where the device is filled; snapshots: folder for PyTorch's, or None.
    """
    table, raw = Table(out / "memory.csv", COLUMNS), JsonLines(out / "measured.jsonl")
    job = {"models": str(golden.models_file(folder)), "slack": slack}
    room = Room(int(SHARE * device["total_memory"]))
    counts = {"equal": 0, "differs": 0, "not run": 0}
    pending = []
    for run in golden.read_runs(folder):
        if only and only not in run.id:
            continue
        if reason := why_not(run, device):
            counts["not run"] += 1
            named = {"part": run.part, "id": run.id, "batch": run.case["batch"]}
            table.add(**named, verdict="not run", note=reason)
            continue
        pending.append((run, run.limit(device["total_memory"])))
    pending.sort(key=lambda job: job[1] == "ballast")
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        started = {pool.submit(measure, run, limit, job, snapshots, room): (run, limit) for run, limit in pending}
        for done in concurrent.futures.as_completed(started):
            run, limit = started[done]
            measured = done.result()
            row = verdict_row(run, limit, measured)
            counts[row["verdict"]] += 1
            table.add(**row)
            raw.add({"part": run.part, "id": run.id, "batch": run.case["batch"], "limit": limit, **measured})
            say(f"{sum(counts.values())} {run.part} {run.id} {run.case['batch']}: {row['verdict']}")
    return counts
