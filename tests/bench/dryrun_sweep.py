"""What a sweep of ten probes costs beside one dry run of the same script: it should be less than three times as much.

Usage: dryrun_sweep.py MEMSWEEP [--probes N] [--rounds N]. The script trains an MLP for three steps; the Python is the
one that MEMSWEEP_PYTORCH_PYTHON names, or else this one, and where it has no PyTorch nothing is run, and that is
said. The two take turns. CPU time is that of the process and all its descendants; it tells more than wall time where
the machine has other work. Every probe has to find the peaks that a run of its own finds.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SCRIPT = """
import sys
import torch

model = torch.nn.Sequential(torch.nn.Linear(784, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, 10)).cuda()
optimizer = torch.optim.AdamW(model.parameters())
for step in range(3):
    inputs = torch.randn(int(sys.argv[1]), 784, device="cuda")
    targets = torch.zeros(int(sys.argv[1]), dtype=torch.long, device="cuda")
    torch.nn.functional.cross_entropy(model(inputs), targets).backward()
    optimizer.step()
    optimizer.zero_grad()
"""
FIRST, STEP = 1000, 1000  # batches
COLUMNS = ("outcome", "peak_requested_bytes", "peak_allocated_bytes", "peak_reserved_bytes", "device_peak_bytes")


def seconds(command, folder):
    """Of CPU and by the clock."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.perf_counter() - start


def peaks(rows):
    with open(rows, newline="", encoding="utf-8") as file:
        return {int(row["batch"]): [row[column] for column in COLUMNS] for row in csv.DictReader(file)}


def measure(program, python, probes, folder):
    """Seconds of a run, and of a sweep, of CPU and by the clock."""
    dryrun = [program, "dryrun", "--memory", "2GiB", "--fresh"]
    one = seconds([*dryrun, "--csv", "one.csv", "--", python, "train.py", str(FIRST)], folder)
    batches = f"batch={FIRST}:{FIRST + STEP * (probes - 1)}:+{STEP}"
    sweep = seconds([*dryrun, "--csv", "all.csv", "--sweep", batches, "--", python, "train.py", "{batch}"], folder)
    alone, swept = peaks(folder / "one.csv")[0], peaks(folder / "all.csv")
    if len(swept) != probes or swept[FIRST] != alone:
        sys.exit(f"the sweep found {swept.get(FIRST)}, a run of its own {alone}")
    return one, sweep


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("memsweep")
    parser.add_argument("--probes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.memsweep)
    python = os.environ.get("MEMSWEEP_PYTORCH_PYTHON", sys.executable)
    asked = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
    if asked.returncode != 0:
        print("not run: PyTorch is not installed")
        return
    print(f"PyTorch {asked.stdout.strip()}, a run and a sweep of {arguments.probes} probes in turn")
    print(f"{'':<8}{'run, CPU':>12}{'sweep, CPU':>12}{'ratio':>8}{'run':>12}{'sweep':>12}{'ratio':>8}")
    ratios = []
    for number in range(1, arguments.rounds + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
            one, sweep = measure(program, python, arguments.probes, folder)
        line = f"round {number:<2}"
        for alone, all_of_them in zip(one, sweep):
            line += f"{alone:>11.1f}s{all_of_them:>11.1f}s{all_of_them / alone:>8.2f}"
        print(line, flush=True)
        ratios.append(sweep[0] / one[0])
    print(f"median of the ratios of CPU time: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
