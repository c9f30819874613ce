"""Runs memsweep and reads what it wrote."""

import csv
import subprocess

from gpu_checks.check import NotRun

TRIAL_SECONDS = 240


def run(place, *arguments, check=True):
    """The finished process; its standard error belongs to the message where it failed."""
    command = [str(place.build / "memsweep"), *map(str, arguments)]
    seconds = min(TRIAL_SECONDS, max(1, place.seconds_left()))
    done = subprocess.run(command, cwd=place.out, capture_output=True, text=True, timeout=seconds, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[1:])} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done


def rows(path):
    """Of a results file, as dicts; lines that begin with # are remarks."""
    if not path.is_file():
        raise NotRun(f"{path.name} was not written")
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def sweep(place, name, device, *options):
    """Rows of one sweep, whose file is OUT/NAME.csv, and those of its boundaries."""
    path = place.out / f"{name}.csv"
    run(place, "--device", device, "--csv", path, "--fresh", "--quiet", *options)
    boundaries = path.with_suffix(".boundaries.csv")
    return rows(path), rows(boundaries) if boundaries.is_file() else []
