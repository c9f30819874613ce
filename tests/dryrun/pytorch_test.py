"""Runs PyTorch's recorded cases over the stand-in libraries: every row must be the one that was recorded.

Usage: pytorch_test.py STANDIN_FOLDER GOLDEN_FOLDER [WORD_IN_CASE_NAME]. The Python is the one that
MEMSWEEP_PYTORCH_PYTHON names, or else this one; where it has no PyTorch of the recordings' version nothing is run,
and that is said.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys

RECORDED_VERSION = "2.11.0+cu130"
# Recorded over a runtime whose pools take from the device exactly what is asked for; those here take multiples of
# 32 MiB, as was seen on a card.
NOT_COMPARED = "backend:cudaMallocAsync"
# What PyTorch would find beside itself if it were not loaded before.
PRELOADED = ("cudart.so.13", "cublasLt.so.13", "cublas.so.13", "cudnn.so.9", "nccl.so.2", "cufft.so.12")
PRELOADED += ("cusolver.so.12", "cusparse.so.12")


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def recordings(golden):
    """Every recorded run: its case and what was counted."""
    yield from lines_of(golden / "results.jsonl")
    for boundary in lines_of(golden / "boundaries.jsonl"):
        for side in ("fits", "fails"):
            if side in boundary:
                yield boundary[side]


def version(python):
    command = [python, "-c", "import torch; print(torch.__version__)"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def run_cases(python, standin, golden, configuration, cases):
    """Their results, in order. One process: importing PyTorch takes seconds."""
    environment = dict(os.environ)
    environment["LD_PRELOAD"] = ":".join(str(standin / f"lib{name}") for name in PRELOADED)
    environment["LD_LIBRARY_PATH"] = f"{standin}:{environment.get('LD_LIBRARY_PATH', '')}"
    environment["PYTORCH_ALLOC_CONF"] = configuration
    script = pathlib.Path(__file__).with_name("pytorch_cases.py")
    done = subprocess.run(
        [python, script, golden],
        input="".join(json.dumps(case) + "\n" for case in cases),
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def difference(recorded, counted):
    """The first thing in which a run is not the recorded one; None: there is none."""
    if counted["outcome"] != recorded["outcome"]:
        return f"outcome {counted['outcome']} instead of {recorded['outcome']}"
    for expected, found in zip(recorded["rows"], counted["rows"]):
        if expected != found:
            return f"step {expected[0]}, {expected[1]}: {found} instead of {expected}"
    if len(recorded["rows"]) != len(counted["rows"]):
        return f"{len(counted['rows'])} rows instead of {len(recorded['rows'])}"
    return None


def main(standin, golden, word=""):
    python = os.environ.get("MEMSWEEP_PYTORCH_PYTHON", sys.executable)
    found = version(python)
    if found != RECORDED_VERSION:
        there = "PyTorch is not installed" if found is None else f"PyTorch is {found}, not {RECORDED_VERSION}"
        print(f"not run: {there}")
        return 0
    by_configuration = collections.defaultdict(list)
    for recorded in recordings(golden):
        configuration = recorded["case"]["alloc_conf"]
        if word in recorded["case"]["id"] and configuration != NOT_COMPARED:
            by_configuration[configuration].append(recorded)
    equal, different = 0, 0
    for configuration, recorded in by_configuration.items():
        results = run_cases(python, standin, golden, configuration, [each["case"] for each in recorded])
        for expected, counted in zip(recorded, results):
            why = difference(expected, counted)
            if why is None:
                equal += 1
                continue
            different += 1
            print(f"{expected['case']['id']} (batch {expected['case']['batch']}): {why}")
    print(f"{equal} runs are equal in every row, {different} are not")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), *sys.argv[3:]))
