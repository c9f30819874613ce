"""What a check is, and how its outcome is written down."""

import csv
import dataclasses
import json
import pathlib
import time

COLUMNS = ("check", "outcome", "seconds", "finding")
BROKEN = "broken:"  # how remarks on cases that failed begin
LAST_SECONDS = 5  # what is not begun with less time left


class NotRun(Exception):
    """What a check needs is not here; the text says what."""


class OutOfTime(NotRun):
    """A command had no end within the time of its check."""


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
    out: pathlib.Path  # what is kept
    scratch: pathlib.Path  # what is not
    device: str
    memory: int  # MiB that searches may take beside the context
    deadline: float  # of time.monotonic(), for all checks
    check_deadline: float = float("inf")  # for the one that runs

    def seconds_left(self):
        return min(self.deadline, self.check_deadline) - time.monotonic()

    def each(self, cases, work):
        """What `work` returns of each case, as long as there is time; and what is to be said of the others."""
        results, remarks = [], []
        for done, case in enumerate(cases):
            try:
                if self.seconds_left() < LAST_SECONDS:
                    raise OutOfTime("the time was over")
                results.append(work(*case))
            except OutOfTime:
                if done == 0:
                    raise
                remarks.append(f"{len(cases) - done} of {len(cases)} not run, the time was over")
                break
            except RuntimeError as error:
                remarks.append(f"{BROKEN} {case[0]}: {error}")
        return results, remarks

    def capped(self, mebibytes=None):
        """Options that leave so much memory beside the context, which may take more than half a gibibyte."""
        profile = self.out / "profile.json"
        context = json.loads(profile.read_text(encoding="utf-8"))["context_bytes"] if profile.is_file() else 1 << 30
        return ["--memory", f"{-(-context // (1 << 20)) + (mebibytes or self.memory)}MiB"]


def run(name, function, place, seconds):
    """A check that breaks has failed, and says how; the others go on."""
    start = time.monotonic()
    place.check_deadline = start + seconds
    try:
        if place.seconds_left() < LAST_SECONDS:
            raise NotRun("the time for all checks was over")
        outcome = function(place)
        word, finding = ("pass" if outcome.passed else "fail"), outcome.finding
    except NotRun as reason:
        word, finding = "not run", str(reason)
    except Exception as error:  # noqa: BLE001
        word, finding = "fail", f"{type(error).__name__}: {error}"
    return Result(name, word, time.monotonic() - start, " ".join(finding.split()))


def passed(remarks):
    """Whether none is of a case that broke."""
    return not any(remark.startswith(BROKEN) for remark in remarks)


def write(results, path):
    rows = [(each.check, each.outcome, f"{each.seconds:.1f}", each.finding) for each in results]
    write_table(path, COLUMNS, rows)


def write_table(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
