"""What a check is, and how its outcome is written down."""

import csv
import dataclasses
import pathlib
import time

COLUMNS = ("check", "outcome", "seconds", "finding")


class NotRun(Exception):
    """What a check needs is not here; the text says what."""


@dataclasses.dataclass
class Outcome:
    passed: bool
    finding: str  # a sentence with the numbers that decided


@dataclasses.dataclass
class Result:
    check: str
    outcome: str  # pass, fail or not run
    seconds: float
    finding: str


@dataclasses.dataclass
class Place:
    """What checks work with."""

    root: pathlib.Path
    build: pathlib.Path
    out: pathlib.Path
    device: str
    memory: str  # cap of the device in sweeps, as memsweep takes it
    deadline: float  # of time.monotonic()

    def seconds_left(self):
        return self.deadline - time.monotonic()


def run(name, function, place):
    """A check that breaks has failed, and says how; the others go on."""
    start = time.monotonic()
    try:
        if place.seconds_left() <= 0:
            raise NotRun("the time for all checks was over")
        outcome = function(place)
        word, finding = ("pass" if outcome.passed else "fail"), outcome.finding
    except NotRun as reason:
        word, finding = "not run", str(reason)
    except Exception as error:  # noqa: BLE001
        word, finding = "fail", f"{type(error).__name__}: {error}"
    return Result(name, word, time.monotonic() - start, " ".join(finding.split()))


def write(results, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for result in results:
            writer.writerow((result.check, result.outcome, f"{result.seconds:.1f}", result.finding))
