"""Refuses PyTorch memory at every cudaMalloc, and with expandable segments at every page, of an MLP's training.

A refusal that is not repeated is survived; one that is leaves PyTorch's own error, no memory behind, and a process
that can train on. Usage: faults_test.py STANDIN_FOLDER. installed.py says with which PyTorch; where there is none
nothing is run, and that is said.
"""

import json
import pathlib
import subprocess
import sys

import installed

# What is refused, as what, under which settings of the allocator.
REFUSALS = (
    ("cudaMalloc", "cudaErrorMemoryAllocation", ""),
    ("cuMemCreate", "cudaErrorMemoryAllocation", "expandable_segments:True"),
)
KINDS = ("once", "twice", "always")
FEWEST_CALLS = 5  # fewer would be no training
# These first ask for a page with a fabric handle; where that is refused as out of memory, not as not permitted, they
# ask for no other kind any more, and each of their requests fails.
LOSE_PAGES_FOR_GOOD = ("2.8", "2.10", "2.11")


def outcomes(standin, refusal):
    """What came of each call's refusals; the last call is one that was never made."""
    done = subprocess.run(
        [installed.python(), pathlib.Path(__file__).with_name("pytorch_faults.py"), *refusal],
        stdout=subprocess.PIPE,
        env=installed.environment(standin, TORCH_CPP_LOG_LEVEL="ERROR"),
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_clean(found):
    return found["outcome"] == "oom" and found["message"].startswith("CUDA out of memory.") and found["left"] == 0


def complaints(calls, version, function):
    peak = calls[-1]["always"]["peak"]
    loses_pages = function == "cuMemCreate" and ".".join(version.split(".")[:2]) in LOSE_PAGES_FOR_GOOD
    if len(calls) <= FEWEST_CALLS:
        yield f"only {len(calls) - 1} calls"
    for call in calls[:-1]:
        if loses_pages and call["call"] == 1 and all(map(is_clean, map(call.get, KINDS))):
            continue
        for kind, expected in (
            ("once", call["once"].get("peak") == peak),
            ("twice", is_clean(call["twice"]) and call["twice"]["next"] == peak),
            ("always", is_clean(call["always"]) and call["always"]["next"] == "oom"),
        ):
            if not expected:
                yield f"call {call['call']} refused {kind}: {call[kind]}"


def main(standin):
    version = installed.version()
    if version is None:
        print("not run: PyTorch is not installed")
        return 0
    failed = False
    for refusal in REFUSALS:
        calls = outcomes(standin, refusal)
        found = list(complaints(calls, version, refusal[0]))
        failed = failed or bool(found)
        print(f"PyTorch {version}: {refusal[0]} refused at {len(calls) - 1} calls, {len(found)} complaints")
        print(*found, sep="\n", end="\n" if found else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
