"""Runs PyTorch's recorded cases over the stand-in libraries: every row must be the one that was recorded.

Usage: pytorch_test.py STANDIN_FOLDER GOLDEN_FOLDER [WORD_IN_CASE_NAME]. installed.py says with which PyTorch; where
there are no recordings of its version nothing is run, and that is said. MEMSWEEP_PYTORCH_CASES=N runs N of them,
evenly spread over the list.
"""

import json
import os
import pathlib
import subprocess
import sys

import installed

# Where the recordings of a version lie, below the golden folder.
RECORDED = {"2.11.0+cu130": ".", "2.15.0+cu132": "2.15"}
# Recorded over a runtime whose pools take from the device exactly what is asked for; those here take multiples of
# 32 MiB, as was seen on a card.
NOT_COMPARED = "backend:cudaMallocAsync"


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def recordings(golden):
    """Every recorded run: its case and what was counted."""
    yield from lines_of(golden / "results.jsonl")
    for boundary in lines_of(golden / "boundaries.jsonl"):
        for side in ("fits", "fails"):
            if side in boundary:
                yield boundary[side]


def comparable(runs):
    return [run for run in runs if run["case"]["alloc_conf"] != NOT_COMPARED]


def sample(runs):
    """As many of them as are asked for, the first and the last among them."""
    wanted = int(os.environ.get("MEMSWEEP_PYTORCH_CASES", len(runs)))
    if wanted >= len(runs):
        return runs
    return [runs[round(i * (len(runs) - 1) / max(wanted - 1, 1))] for i in range(wanted)]


def run_cases(standin, golden, cases):
    """Their results, in order."""
    script = pathlib.Path(__file__).with_name("pytorch_cases.py")
    done = subprocess.run(
        [installed.python(), script, golden],
        input="".join(json.dumps(case) + "\n" for case in cases),
        stdout=subprocess.PIPE,
        env=installed.environment(standin, TORCH_CPP_LOG_LEVEL="ERROR"),
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
    version = installed.version()
    if version not in RECORDED:
        print("not run: " + (f"no recordings of PyTorch {version}" if version else "PyTorch is not installed"))
        return 0
    runs = comparable(recordings(golden / RECORDED[version]))
    runs = sample([run for run in runs if word in run["case"]["id"]])
    different = 0
    for recorded, counted in zip(runs, run_cases(standin, golden, [run["case"] for run in runs]), strict=True):
        why = difference(recorded, counted)
        if why is not None:
            different += 1
            print(f"{recorded['case']['id']} (batch {recorded['case']['batch']}): {why}")
    print(f"PyTorch {version}: {len(runs) - different} runs are equal in every row, {different} are not")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), *sys.argv[3:]))
