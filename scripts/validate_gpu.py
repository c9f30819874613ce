"""Runs the checks of a cuda device and writes what they found; scripts/validate_gpu.sh is the way to call it."""

import argparse
import atexit
import datetime
import json
import pathlib
import platform
import shutil
import sys
import tempfile
import time

from gpu_checks import check, convolutions, kernels, program, pytorch, rates, sweeps, traces, training
from pytorch_gpu.environment import cpu_name, nvidia_smi

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 470
NO_DEVICE = 3
# Seconds that each may take. Calibration first: the others compare with what it measures.
CHECKS = {
    "calibration": (sweeps.calibration, 60),
    "ops": (kernels.ops, 60),
    "training": (training.training, 110),
    "boundaries": (sweeps.boundaries, 100),
    "allocator-traces": (traces.allocator_traces, 50),
    "rates": (rates.rates, 45),
    "convolutions": (convolutions.convolutions, 45),
    "scenarios": (sweeps.scenarios, 80),
    "beside-pytorch": (pytorch.beside_pytorch, 90),
    "sanitizer": (kernels.sanitizer, 120),
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="validate_gpu", description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder that holds memsweep and its cuda module")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the results (default: results/<gpu>)")
    parser.add_argument("--device", default="cuda", help="as memsweep --device takes it (default: %(default)s)")
    parser.add_argument("--memory", type=int, default=1536, metavar="MIB", help="that searches may take beside the context (default: %(default)s)")
    parser.add_argument("--only", default=",".join(CHECKS), help="checks to run (default: %(default)s)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.only.split(",") if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check '{unknown[0]}'; there are {', '.join(CHECKS)}")
    return arguments


def open_place(arguments):
    """The folder that results go to is named after the card."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="validate_gpu."))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    place = check.Place(ROOT, arguments.build.resolve(), scratch, scratch, arguments.device, arguments.memory, time.monotonic() + LIMIT_SECONDS)
    step = ["run", "--device", arguments.device, "--model", "mlp:8-8", "--batch", "1", "--quiet", "--format", "json"]
    done = program.run(place, *step, check=False)
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        sys.exit(NO_DEVICE if done.returncode == NO_DEVICE else 1)
    line = json.loads(done.stdout)
    name = line["device"].partition(":")[2] or arguments.device
    place.out = (arguments.out or ROOT / "results" / name).resolve()
    place.out.mkdir(parents=True, exist_ok=True)
    (place.out / "log.txt").write_text("", encoding="utf-8")
    return place, name, line.get("libraries", "")


def write_environment(place, name, libraries):
    gpus = nvidia_smi("gpu", "name driver_version memory.total clocks.max.sm clocks.max.mem power.limit mig.mode.current".split())
    environment = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "device": name,
        "libraries": libraries,
        "memsweep": program.run(place, "--version").stdout.strip(),
        "nvidia_smi": gpus[0] if gpus else {},
        "kernel": platform.release(),
        "cpu": cpu_name(),
    }
    (place.out / "environment.json").write_text(json.dumps(environment, indent=2) + "\n", encoding="utf-8")


def write_summary(place, name, results):
    lines = [f"# {name}", "", "What scripts/validate_gpu.sh found; [environment.json](environment.json) says where.", ""]
    lines += ["| check | outcome | seconds | finding |", "| --- | --- | --- | --- |"]
    for result in results:
        finding = result.finding.replace("|", "\\|")
        lines.append(f"| {result.check} | {result.outcome} | {result.seconds:.0f} | {finding} |")
    (place.out / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    arguments = parse_arguments()
    place, name, libraries = open_place(arguments)
    write_environment(place, name, libraries)
    results = []
    for check_name in arguments.only.split(","):
        print(f"validate_gpu: {check_name}", file=sys.stderr, flush=True)
        function, seconds = CHECKS[check_name]
        results.append(check.run(check_name, function, place, seconds))
        check.write(results, place.out / "checks.csv")
        write_summary(place, name, results)
        print(f"  {results[-1].outcome}: {results[-1].finding}", file=sys.stderr, flush=True)
    print((place.out / "README.md").read_text(encoding="utf-8"))
    return 1 if any(result.outcome == "fail" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
