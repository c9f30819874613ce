"""Compares PyTorch over the stand-in libraries with what memsweep predicts of its own models, for a release of which
there are no recordings: the recorded cases of another one run, and what was counted takes the recordings' place.

By hand: predicted_test.py STANDIN_FOLDER GOLDEN_FOLDER PYTORCH_GOLDEN_TEST. installed.py says with which PyTorch, whose
release memsweep has to follow; MEMSWEEP_PYTORCH_CASES=N runs N cases.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import installed
import pytorch_test

# What PyTorch says besides where it finds NVML, which it did not where the recordings were made.
PROCESSES = re.compile(r"Including non-PyTorch memory, this process has .*? memory in use\. ")


def as_recordings(runs, results):
    """Lines of results.jsonl, whose cases differ in their names."""
    for number, (run, result) in enumerate(zip(runs, results, strict=True)):
        case = dict(run["case"], id=f"{run['case']['id']}-{number}")
        yield json.dumps(dict(result, case=case, message=PROCESSES.sub("", result.get("message", "")))) + "\n"


def main(standin, golden, compare):
    version = installed.version()
    if version is None:
        print("not run: PyTorch is not installed")
        return 0
    runs = pytorch_test.sample(pytorch_test.comparable(pytorch_test.recordings(golden)))
    results = pytorch_test.run_cases(standin, golden, [run["case"] for run in runs])
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, "pytorch", ".".join(version.split(".")[:2]))
        folder.mkdir(parents=True)
        (folder / "results.jsonl").write_text("".join(as_recordings(runs, results)), encoding="utf-8")
        print(f"PyTorch {version}: {len(runs)} runs", flush=True)
        command = [compare, "--gtest_filter=*TakesTheBytesThatPytorchTakes*", "--gtest_brief=1"]
        return subprocess.run(command, env=dict(os.environ, MEMSWEEP_GOLDEN=root), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:])))
