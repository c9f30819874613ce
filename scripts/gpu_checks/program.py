"""Runs memsweep and reads what it wrote."""

import csv
import json
import subprocess
import time

from gpu_checks.check import NotRun, OutOfTime, write_table

TRIAL_SECONDS = 240
LOGGED = 2000  # characters of what a command wrote that are kept


def run(place, *arguments, check=True, environment=None):
    """memsweep's finished process; its standard error belongs to the message where it failed."""
    return execute(place, [str(place.build / "memsweep"), *map(str, arguments)], check=check, environment=environment)


def execute(place, command, check=True, environment=None):
    """A command, noted in log.txt with its end. What has no end within the check's time was not run."""
    seconds = min(TRIAL_SECONDS, max(1, place.seconds_left()))
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=place.scratch, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired as late:
        log(place, command, f"no end after {seconds:.0f} s", late.stderr or b"")
        if seconds < TRIAL_SECONDS:
            raise OutOfTime(f"the time was over {seconds:.0f} s after {' '.join(command[:6])} began") from None
        raise RuntimeError(f"{' '.join(command)} had no end after {seconds:.0f} s") from None
    log(place, command, f"{done.returncode} after {time.monotonic() - start:.1f} s", done.stderr)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[1:])} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done


def log(place, command, end, errors):
    text = errors.decode(errors="replace") if isinstance(errors, bytes) else errors
    with open(place.out / "log.txt", "a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{text[-LOGGED:]}{end}\n")


def rows(path):
    """Of a results file, as dicts; lines that begin with # are remarks."""
    if not path.is_file():
        raise NotRun(f"{path.name} was not written")
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def sweep(place, name, device, *options, environment=None):
    """Rows of one sweep, and those of its boundaries."""
    path = place.scratch / f"{name}.csv"
    run(place, "--device", device, "--csv", path, "--fresh", "--quiet", *options, environment=environment)
    boundaries = path.with_suffix(".boundaries.csv")
    return rows(path), rows(boundaries) if boundaries.is_file() else []


def environment(place, name):
    """What a sweep wrote down of where it ran."""
    return json.loads((place.scratch / f"{name}.settings.json").read_text(encoding="utf-8"))["environment"]


def profile(place):
    """What the calibration found."""
    path = place.out / "profile.json"
    if not path.is_file():
        raise NotRun("there is no calibration to compare with")
    return json.loads(path.read_text(encoding="utf-8"))


def write_rows(path, named):
    """Rows of several sweeps, each behind the name of what it belongs to."""
    if named:
        columns = list(named[0][1])
        write_table(path, ["of", *columns], [[name, *(row[column] for column in columns)] for name, row in named])


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
