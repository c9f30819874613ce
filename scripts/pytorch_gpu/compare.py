"""What a GPU measured beside what was recorded, cell by cell."""

import dataclasses
import re

from pytorch_gpu.golden import COLUMNS

# Sizes in the text of an OutOfMemoryError that do not depend on how large the whole card is.
SIZES = {
    "message: tried": r"Tried to allocate ([\d.]+ \w+)",
    "message: allocated": r"Of the allocated memory ([\d.]+ \w+) is allocated",
    "message: unallocated": r"and ([\d.]+ \w+) is reserved by PyTorch but unallocated",
}


@dataclasses.dataclass(frozen=True)
class Difference:
    step: object
    phase: str
    column: str
    recorded: object
    measured: object


def cells(row):
    return zip(COLUMNS, row[2:])


def row_differences(recorded, measured):
    step, phase = recorded[:2]
    if list(measured[:2]) != [step, phase]:
        yield Difference(step, phase, "phase", phase, ".".join(map(str, measured[:2])))
        return
    for (column, then), (_, now) in zip(cells(recorded), cells(measured)):
        if then != now:
            yield Difference(step, phase, column, then, now)


def differences(recorded, measured):
    """Every difference, in the order of the run; what was not recorded is not compared."""
    rows, measured_rows = recorded.get("rows", []), measured["rows"]
    for then, now in zip(rows, measured_rows):
        yield from row_differences(then, now)
    if recorded["outcome"] != measured["outcome"]:
        yield Difference("", "", "outcome", recorded["outcome"], measured["outcome"])
        return
    if rows and len(rows) != len(measured_rows):
        yield Difference("", "", "rows", len(rows), len(measured_rows))
    if "after" in recorded and recorded["after"] != measured["after"]:
        after = [".".join(map(str, run["after"])) for run in (recorded, measured)]
        yield Difference("", "", "after", *after)
    if "at_failure" in recorded:
        yield from row_differences(recorded["at_failure"], measured["at_failure"])
        yield from message_differences(recorded["message"], measured["message"])


def message_differences(recorded, measured):
    for name, pattern in SIZES.items():
        then, now = (re.search(pattern, text) for text in (recorded, measured))
        then, now = (found.group(1) if found else "" for found in (then, now))
        if then != now:
            yield Difference("", "", name, then, now)


def peak(rows, column):
    """Largest value of a column; empty where nothing was recorded."""
    at = 2 + COLUMNS.index(column)
    return max((row[at] for row in rows), default="")
