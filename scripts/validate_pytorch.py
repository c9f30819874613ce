"""Compares what was recorded and what is simulated with PyTorch on a real GPU.

Needs PyTorch and a GPU; nothing else. Writes into the folder OUT, row by row:
  environment.json  the card and the software
  memory.csv        a row for each recorded case and each side of a boundary: equal, differs (where first), not run
  measured.jsonl    the rows behind it, as tests/golden/pytorch/results.jsonl holds them
  snapshots/        (--snapshots) what torch.cuda.memory._dump_snapshot wrote of each run, for memsweep replay --check
  calibration.csv   (--calibrate) bandwidth, rates of products, costs of launches and allocations, the context's memory
  step_times.csv    (--calibrate) times of eager training steps
"""

import argparse
import importlib.util
import json
import os
import pathlib
import sys

from pytorch_gpu.environment import environment
from pytorch_gpu.tables import say

ROOT = pathlib.Path(__file__).resolve().parent.parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="folder for the results; made if missing")
    golden = ROOT / "tests" / "golden" / "pytorch"
    parser.add_argument("--golden", type=pathlib.Path, default=golden, help="folder of recordings (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only recordings whose id contains TEXT")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="recordings at a time (default: one a core)")
    parser.add_argument("--no-memory", action="store_true", help="leave the recordings out")
    slack = "bytes left free beyond a capacity where the device is filled; the driver's own needs (default: 0)"
    parser.add_argument("--slack", type=int, default=0, metavar="BYTES", help=slack)
    parser.add_argument("--snapshots", action="store_true", help="write a snapshot of each recording's run")
    parser.add_argument("--calibrate", action="store_true", help="measure rates and step times too")
    arguments = parser.parse_args()
    arguments.golden, arguments.out = arguments.golden.resolve(), arguments.out.resolve()
    return arguments


def fail(sentence):
    say(sentence)
    sys.exit(2)


def calibrate(arguments):
    from pytorch_gpu import calibration, child, clocks, golden, step_times

    models = child.load_models(golden.models_file(arguments.golden))
    sampler = clocks.Clocks()
    try:
        calibration.calibrate(arguments.out, sampler)
        step_times.time_steps(models, arguments.out, sampler)
    finally:
        sampler.stop()


def main():
    arguments = parse_arguments()
    if not (arguments.golden / "results.jsonl").is_file():
        fail(f"{arguments.golden} holds no results.jsonl; --golden names a folder like tests/golden/pytorch.")
    if importlib.util.find_spec("torch") is None:
        fail(f"{sys.executable} has no PyTorch; run this with a Python that can import torch.")
    device = environment()
    if device is None:
        fail("PyTorch finds no GPU that it can use; this needs one.")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "environment.json").write_text(json.dumps(device, indent=2) + "\n", encoding="utf-8")
    if not arguments.no_memory:
        from pytorch_gpu.memory import compare_recordings

        snapshots = arguments.out / "snapshots" if arguments.snapshots else None
        if snapshots:
            snapshots.mkdir(exist_ok=True)
        counts = compare_recordings(
            arguments.golden,
            arguments.out,
            device,
            workers=arguments.workers,
            only=arguments.only,
            slack=arguments.slack,
            snapshots=snapshots,
        )
        say(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if arguments.calibrate:
        calibrate(arguments)


if __name__ == "__main__":
    main()
