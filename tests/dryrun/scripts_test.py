"""Dry runs of whole scripts: each runs to its end, calls nothing that is not modelled, and has the peak that PyTorch
itself tells at its end. The GPT-2 takes in each phase of each step what memsweep predicts of its own model, where it
follows that release of PyTorch.

Usage: scripts_test.py MEMSWEEP [WORD_IN_SCRIPT]. installed.py says with which PyTorch; what needs packages that are
not installed is not run, and that is said.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import installed

FOLDER = pathlib.Path(__file__).with_name("scripts")
# What each needs besides PyTorch.
SCRIPTS = {
    "attention.py": [],
    "compiled.py": ["triton"],
    "decompositions.py": [],
    "distributed.py": [],
    "gpt2.py": [],
    "graphs.py": [],
    "lightning_fit.py": ["lightning"],
    "resnet50.py": ["torchvision"],
    "trainer.py": ["accelerate", "transformers"],
    "values.py": [],
}
GPT2 = ["--model", "gpt:layers=12,width=768,heads=12,context=1024,vocab=50257,attention=flash,tied=true"]
GPT2 += ["--activation", "gelu", "--optimizer", "adamw", "--precision", "autocast-bf16", "--batch", "8", "--steps", "3"]
PREDICTED = ("2.11", "2.13", "2.15")  # the releases that memsweep's own models follow
# A row of `memsweep run --format json`: step, phase, then allocated, reserved, requested, each now and at its peak.
LEVELS = {"allocated": 3, "reserved": 5, "requested": 7}
# Of whole phases of a dry run.
PHASES = {
    "forward": ("data", "forward", "loss"),
    "backward": ("backward",),
    "optimizer": ("optimizer", "zero_grad"),
}


def lacks(module):
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([installed.python(), "-c", asked], check=False).returncode != 0


def dryrun(memsweep, script, folder):
    """Its report, and what the script printed last by each process."""
    report = folder / "report.json"
    command = [memsweep, "dryrun", "--gpu", "h100-sxm-80gb", "--json", report]
    if script == "distributed.py":
        command += ["--devices", "2", "--", installed.python(), "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    else:
        command += ["--", installed.python()]
    done = subprocess.run([*command, FOLDER / script], capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    printed = done.stdout.split("\nmemsweep dryrun: ")[0].splitlines()
    return json.loads(report.read_text(encoding="utf-8")), [int(line.split()[-1]) for line in printed if is_peak(line)]


def is_peak(line):
    """Whether a line ends with a number of bytes."""
    return line.split()[-1:] and line.split()[-1].isdigit() and int(line.split()[-1]) > 2**20


def predicted_gpt2(memsweep, release):
    """The peak of each level by (step, phase)."""
    command = [memsweep, "run", *GPT2, "--device", "sim:h100-sxm-80gb", "--pytorch", release, "--format", "json"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["rows"]
    return {
        (step, phase): {
            level: max(row[column] for row in rows if row[0] == step and row[1] in parts)
            for level, column in LEVELS.items()
        }
        for step in (1, 2, 3)
        for phase, parts in PHASES.items()
    }


def check_gpt2(memsweep, report):
    release = ".".join(report["processes"][0]["pytorch"].split(".")[:2])
    if release not in PREDICTED:
        return
    found = {}
    for row in report["devices"][0]["phases"]:
        for step in range(max(row["first_step"], 1), row["last_step"] + 1):
            found[step, row["phase"]] = {level: row[level] for level in LEVELS}
    predicted = predicted_gpt2(memsweep, release)
    if found != predicted:
        raise AssertionError(f"memsweep run predicts {predicted}, the dry run has {found}")


def check_values(report):
    found = {read["kind"]: read["first"]["function"] for read in report["processes"][0]["doubtful_reads"]}
    if found != {"truth by rule": "hold", "count by rule": "count"}:
        raise AssertionError(f"values were read by rule, and the report says {found}")


def check_decompositions(report):
    assumed = {sizes["symbol"][: len("cusparse")] for sizes in report["processes"][0]["assumed"]}
    if assumed != {"cufftXtM", "cusolver", "cusparse"}:
        raise AssertionError(f"sizes of cuFFT, cuSOLVER and cuSPARSE are assumed, and the report says {assumed}")


def check(memsweep, script):
    with tempfile.TemporaryDirectory() as folder:
        report, printed = dryrun(memsweep, script, pathlib.Path(folder))
    unsupported = [call for process in report["processes"] for call in process["unsupported"]]
    if unsupported:
        raise AssertionError(f"not modelled: {unsupported}")
    peaks = sorted(device["peak"]["allocated"] for device in report["devices"])
    # A script may set PyTorch's peak back; then what it tells is a part.
    if script == "attention.py":
        printed = [max(printed)]
    if peaks != sorted(printed):
        raise AssertionError(f"the report has the peaks {peaks}, PyTorch tells {printed}")
    if script == "gpt2.py":
        check_gpt2(memsweep, report)
    if script == "values.py":
        check_values(report)
    if script == "decompositions.py":
        check_decompositions(report)
    return peaks


def main(memsweep, word=""):
    version = installed.version()
    if version is None:
        print("not run: PyTorch is not installed")
        return 0
    failed = 0
    for script, needed in SCRIPTS.items():
        if word not in script:
            continue
        missing = list(filter(lacks, needed))
        if missing:
            print(f"{script}: not run: {', '.join(missing)} not installed")
            continue
        try:
            print(f"{script}: PyTorch {version}: {check(memsweep, script)} bytes", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"{script}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), *sys.argv[2:]))
